// given: {"events": [1]}
// expect: {"broken": "without an `id`"}
export const onPublish = (ctx) => ctx.events.map((it) => ({ payload: it.payload }))
