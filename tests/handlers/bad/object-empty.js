// expect: PV305 2:14
export const onPublish = {
  requests(ctx) {
    return { operation: 'Invoke', payload: ctx.events }
  },
}
