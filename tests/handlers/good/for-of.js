export function onPublish(ctx) {
  const kept = []
  for (const event of ctx.events) {
    if (typeof event.payload.text === 'string') {
      kept.push(event)
    }
  }
  return kept
}
