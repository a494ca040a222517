// expect: PV316 3:3
export function onPublish(ctx) {
  for (let n = 0; n < ctx.events.length; n += 1) {
    console.log(n)
  }
  return ctx.events
}
