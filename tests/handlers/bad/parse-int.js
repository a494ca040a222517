// expect: PV327 3:15?
export function onPublish(ctx) {
  console.log(parseInt(ctx.events[0].payload))
  return ctx.events
}
