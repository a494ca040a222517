function request(ctx) {
  ctx.stash.count = ctx.events.length
  return { operation: 'Invoke', payload: ctx.events }
}

function response(ctx) {
  console.log(ctx.stash.count)
  return ctx.events
}

export const onPublish = { request, response }
