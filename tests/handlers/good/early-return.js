import { runtime } from '@aws-appsync/utils'

export const onPublish = {
  request(ctx) {
    if (ctx.events.every((event) => event.payload.draft)) {
      runtime.earlyReturn([])
    }
    return { operation: 'Invoke', invocationType: 'Event', payload: ctx.events }
  },
  response: (ctx) => ctx.events,
}
