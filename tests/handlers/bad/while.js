// expect: PV315 4:3
export function onPublish(ctx) {
  let n = 0
  while (n < 3) {
    n += 1
  }
  return ctx.events
}
