// expect: PV327 3:3
export function onPublish(ctx) {
  fetch('https://example.com')
  return ctx.events
}
