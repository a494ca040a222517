// expect: PV327 3:19?
export function onPublish(ctx) {
  console.log(new Map())
  return ctx.events
}
