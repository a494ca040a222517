export function onPublish(ctx) {
  return ctx.events.map((event) => {
    const words = event.payload.text.trim().toLowerCase().split(' ')
    const text = words.filter((word) => !util.matches('^bad.*', word)).sort().join(' ')
    return { id: event.id, payload: { text: text.replaceAll('[0-9]+', '#').slice(0, 500) } }
  })
}
