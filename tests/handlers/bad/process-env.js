// expect: PV327 3:15
export function onPublish(ctx) {
  console.log(process.env.TABLE)
  return ctx.events
}
