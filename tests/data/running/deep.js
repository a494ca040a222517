// given: {"events": [1]}
// expect: {"broken": "call each other too deeply"}
const down = (n) => down(n + 1) + 1
export const onPublish = (ctx) => ctx.events.map(({ id }) => ({ id, payload: down(0) }))
