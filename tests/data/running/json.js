// given: {"events": ["{\"a\":1}", "no json"]}
// expect: {"delivered": [[0, {"a": 1}], [1, ""]]}
export const onPublish = (ctx) => ctx.events.map(({ id, payload }) => ({ id, payload: JSON.parse(payload) }))
