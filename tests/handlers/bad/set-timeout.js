// expect: PV327 3:3
export function onPublish(ctx) {
  setTimeout(console.log, 10)
  return ctx.events
}
