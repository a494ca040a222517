// given: {"events": [1]}
// expect: {"broken": "`onPublish` returned an object, and no list"}
export const onPublish = (ctx) => ({ events: ctx.events })
