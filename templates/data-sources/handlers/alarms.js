/** Puts the batch on the bus, and delivers it even if that fails. */
export const onPublish = {
  request(ctx) {
    return {
      operation: 'PutEvents',
      events: ctx.events.map((event) => ({
        source: 'alarms',
        detailType: 'alarm',
        detail: { channel: ctx.info.channel.path, ...event.payload },
      })),
    }
  },
  response(ctx) {
    if (ctx.error) {
      console.error(ctx.error.message)
    }
    return ctx.events
  },
}
