export function onPublish(ctx) {
  return ctx.events.map((event) => {
    if (event.payload.odds < 0) {
      return { ...event, error: 'odds must be at least 0' }
    }
    return event
  })
}
