// given: {"events": [1], "source": true, "result": {"n": 5}}
// expect: {"delivered": [[0, "one 5"]], "stash": {"first": "one"}, "request": {"operation": "Invoke", "payload": 1}}
export const onPublish = {
  request(ctx) {
    ctx.stash.first = 'one'
    return { operation: 'Invoke', payload: ctx.events[0].payload }
  },
  response(ctx) {
    return ctx.events.map(({ id }) => ({ id, payload: `${ctx.stash.first} ${ctx.result.n}` }))
  },
}
