import * as ddb from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request(ctx) {
    return ddb.update({
      key: { id: ctx.info.channel.path },
      update: { seen: ddb.operations.increment(ctx.events.length) },
    })
  },
  response(ctx) {
    return ctx.events
  },
}
