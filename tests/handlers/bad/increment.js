// expect: PV310 4:4
export function onPublish(ctx) {
  let n = 0
  n++
  console.log(n)
  return ctx.events
}
