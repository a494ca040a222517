// expect: PV304 2:17?, PV304 6:17?
export function request() {
  return { operation: 'Invoke' }
}

export function response(ctx) {
  return ctx.result
}

export const onPublish = { request, response }
