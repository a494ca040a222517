import { util } from '@aws-appsync/utils'

export function onPublish(ctx) {
  if (!ctx.identity?.groups?.includes('editors')) {
    util.unauthorized()
  }
  return ctx.events
}
