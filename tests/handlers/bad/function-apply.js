// expect: PV324 3:25
export function onPublish(ctx) {
  const most = Math.max.apply(null, ctx.events)
  return most > 1 ? ctx.events : []
}
