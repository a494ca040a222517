// expect: PV333 3:3?
export function onPublish(ctx) {
  ctx.events = []
  return ctx.events
}
