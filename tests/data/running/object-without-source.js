// given: {"events": [1]}
// expect: {"broken": "`onPublish` is not a function; an object with `request` and `response` needs a data source"}
export const onPublish = { request: () => null, response: (ctx) => ctx.events }
