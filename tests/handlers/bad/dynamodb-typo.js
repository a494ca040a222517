// expect: PV331 5:25?
import * as ddb from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request: (ctx) => ddb.putItem({ key: { id: ctx.events[0].id }, item: {} }),
  response: (ctx) => ctx.events,
}
