// expect: PV330 3:42?
export function onPublish(ctx) {
  console.log(ctx.events[0].payload.text.substring(0, 3))
  return ctx.events
}
