// given: {"events": [1]}
// expect: {"broken": "twice"}
export const onPublish = (ctx) => [...ctx.events, ...ctx.events]
