import { util } from '@aws-appsync/utils'
import * as ddb from '@aws-appsync/utils/dynamodb'

const TABLE = 'messages'

/** Writes the batch to the table, then delivers it. */
export const onPublish = {
  request(ctx) {
    const channel = ctx.info.channel.path
    const at = util.time.nowISO8601()
    return ddb.batchPut({
      tables: {
        [TABLE]: ctx.events.map((event) => ({ channel, id: event.id, at, ...event.payload })),
      },
    })
  },
  response(ctx) {
    if (ctx.error) {
      util.error(ctx.error.message, ctx.error.type)
    }
    return ctx.events
  },
}
