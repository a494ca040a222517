export const onPublish = (ctx) => ctx.events
