// expect: PV302 2:21
import { put } from '@aws-appsync/utils/dynamo'

export const onPublish = {
  request: (ctx) => put({ key: { id: ctx.events[0].id }, item: {} }),
  response: (ctx) => ctx.events,
}
