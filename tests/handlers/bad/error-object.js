// expect: PV327 3:15?
export function onPublish(ctx) {
  console.log(Error('no'))
  return ctx.events
}
