// given: {"events": [1, 2, 3]}
// expect: {"delivered": [[2, 3], [1, 2], [0, 1]]}
export const onPublish = (ctx) => ctx.events.reverse()
