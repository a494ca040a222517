export function onPublish(ctx) {
  return ctx.events
}

export function onSubscribe(ctx) {
  console.log(ctx.info.operation)
}
