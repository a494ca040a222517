import { util } from '@aws-appsync/utils'

export const onSubscribe = (ctx) => {
  const [, kind, owner] = ctx.info.channel.segments
  if (kind === 'private' && owner !== ctx.identity.sub) {
    util.unauthorized()
  }
}
