const SECRET = ['password', 'token']

export function onPublish(ctx) {
  return ctx.events.map((event) => {
    const payload = { ...event.payload }
    for (const key of SECRET) {
      delete payload[key]
    }
    return { id: event.id, payload }
  })
}
