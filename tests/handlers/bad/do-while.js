// expect: PV315 4:3
export function onPublish(ctx) {
  let n = 0
  do {
    n += 1
  } while (n < 3)
  return ctx.events
}
