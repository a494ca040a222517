function kind(event) {
  switch (event.payload.kind) {
    case 'a':
    case 'b':
      return 1
    default:
      return 0
  }
}

export function onPublish(ctx) {
  return ctx.events.filter((event) => kind(event) > 0)
}
