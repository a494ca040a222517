// expect: PV327 4:15
export function onPublish(ctx) {
  const count = ctx.events.length
  console.log(cuont)
  console.log(count)
  return ctx.events
}
