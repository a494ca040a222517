// expect: PV311 3:15
export function onPublish(ctx) {
  console.log(~ctx.events.length)
  return ctx.events
}
