// expect: PV300 3:34
export function onPublish(ctx) {
  return ctx.events.map(event => => event)
}
