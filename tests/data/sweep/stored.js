export const onPublish = { request: (ctx) => ({}), response: (ctx) => ctx.events }
