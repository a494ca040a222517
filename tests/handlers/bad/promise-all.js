// expect: PV321 3:3
export function onPublish(ctx) {
  Promise.all(ctx.events)
  return ctx.events
}
