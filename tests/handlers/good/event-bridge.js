export const onPublish = {
  request(ctx) {
    return {
      operation: 'PutEvents',
      events: ctx.events.map((event) => ({ source: 'chat', detailType: 'message', detail: event.payload })),
    }
  },
  response(ctx) {
    return ctx.result.FailedEntryCount > 0 ? [] : ctx.events
  },
}
