export const onPublish = {
  request(ctx) {
    return { operation: 'Invoke', payload: { events: ctx.events, who: ctx.identity } }
  },
  response(ctx) {
    return ctx.result.events
  },
}
