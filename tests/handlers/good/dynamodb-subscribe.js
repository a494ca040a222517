import { get } from '@aws-appsync/utils/dynamodb'
import { util } from '@aws-appsync/utils'

export const onSubscribe = {
  request(ctx) {
    return get({ key: { room: ctx.info.channel.segments[1], user: ctx.identity.sub } })
  },
  response(ctx) {
    if (!ctx.result) {
      util.unauthorized()
    }
  },
}
