// given: {"events": [1], "source": true, "error": "no such table"}
// expect: {"refused": "no such table", "type": "Error"}
// given: {"events": [1], "source": true}
// expect: {"waiting": {"operation": "Invoke", "payload": [1]}}
export const onPublish = {
  request: (ctx) => ({ operation: 'Invoke', payload: ctx.events.map((it) => it.payload) }),
  response(ctx) {
    if (ctx.error) {
      util.error(ctx.error.message, ctx.error.type)
    }
    return ctx.events
  },
}
