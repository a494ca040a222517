// expect: PV321 3:3, PV321 4:12
export const onPublish = {
  async request(ctx) {
    return await { operation: 'Invoke', payload: ctx.events }
  },
  response(ctx) {
    return ctx.events
  },
}
