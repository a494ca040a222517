// expect: PV333 3:3?
function request(ctx) {
  ctx.result = 1
  return { operation: 'Invoke', payload: ctx.events }
}
function response(ctx) {
  return ctx.result
}

export const onPublish = { request, response }
