// given: {"events": [1], "source": true}
// expect: {"broken": "`onPublish` is a function, and with a data source it must be an object"}
export const onPublish = (ctx) => ctx.events
