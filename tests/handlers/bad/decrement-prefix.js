// expect: PV310 4:3
export function onPublish(ctx) {
  let n = ctx.events.length
  --n
  console.log(n)
  return ctx.events
}
