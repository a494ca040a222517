// given: {"events": [1], "source": true}
// expect: {"broken": "`onPublish` is a function, but with a data source it must be an object"}
export const onPublish = (ctx) => ctx.events
