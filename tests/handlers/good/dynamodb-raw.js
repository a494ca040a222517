import { util } from '@aws-appsync/utils'

export const onPublish = {
  request: (ctx) => ({
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id: util.autoId() }),
    attributeValues: util.dynamodb.toMapValues(ctx.events[0].payload),
  }),
  response: (ctx) => ctx.events,
}
