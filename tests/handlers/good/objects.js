export function onPublish(ctx) {
  return ctx.events.filter((event) => {
    const known = Object.keys(event.payload).every((key) => key.length < 20)
    return known && Object.hasOwn(event.payload, 'text')
  })
}
