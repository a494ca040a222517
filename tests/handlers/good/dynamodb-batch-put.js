import { batchPut } from '@aws-appsync/utils/dynamodb'

const TABLE = 'messages'

export const onPublish = {
  request(ctx) {
    const channel = ctx.info.channel.path
    return batchPut({ tables: { [TABLE]: ctx.events.map(({ id, payload }) => ({ channel, id, ...payload })) } })
  },
  response(ctx) {
    return ctx.events.map((event) => ({ id: event.id, payload: event.payload }))
  },
}
