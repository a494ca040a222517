// expect: PV330 3:15
export function onPublish(ctx) {
  console.log(Array.from('abc'))
  return ctx.events
}
