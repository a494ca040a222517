export function onPublish(ctx) {
  for (const name in ctx.request.headers) {
    console.log(name, ctx.request.headers[name])
  }
  return ctx.events
}
