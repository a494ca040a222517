// expect: PV314 4:5
export function onPublish(ctx) {
  if (!ctx.identity) {
    throw 'no'
  }
  return ctx.events
}
