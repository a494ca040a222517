// given: {"events": [1]}
// expect: {"broken": "`onPublish` returned an object instead of a list"}
export const onPublish = (ctx) => ({ events: ctx.events })
