export function onPublish(ctx) {
  const level = ctx.identity.claims['custom:level'] ?? 'none'
  return ctx.events.filter((event) => event.payload.level === level)
}
