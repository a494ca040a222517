export function onPublish(ctx) {
  const total = ctx.events.reduce((sum, event) => sum + event.payload.count, 0)
  const most = Math.max(...ctx.events.map((event) => event.payload.count))
  return total > 100 || most > 50 ? [] : ctx.events
}
