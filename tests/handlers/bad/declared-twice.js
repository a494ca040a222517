// expect: PV300 3:9
export function onPublish(ctx) {
  const n = 1
  const n = 2
  return n ? ctx.events : []
}
