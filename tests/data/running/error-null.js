// given: {"events": [1]}
// expect: {"delivered": [[0, 2]], "failed": []}
export const onPublish = (ctx) => ctx.events.map((it) => ({ id: it.id, payload: it.payload + 1, error: null }))
