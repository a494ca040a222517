// expect: PV330 3:42?
export function onPublish(ctx) {
  console.log(ctx.events[0].payload.text.match('a'))
  return ctx.events
}
