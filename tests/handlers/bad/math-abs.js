// expect: PV330 3:15?
export function onPublish(ctx) {
  console.log(Math.abs(-1))
  return ctx.events
}
