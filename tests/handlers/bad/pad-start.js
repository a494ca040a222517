// expect: PV330 3:19
export function onPublish(ctx) {
  console.log('7'.padStart(3, '0'))
  return ctx.events
}
