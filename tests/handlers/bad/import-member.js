// expect: PV331 2:10?
import { putt } from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request: (ctx) => putt({ key: { id: ctx.events[0].id }, item: {} }),
  response: (ctx) => ctx.events,
}
