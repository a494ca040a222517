import { util } from '@aws-appsync/utils'

export function onPublish(ctx) {
  const at = util.time.nowEpochMilliSeconds()
  return ctx.events.map(({ id, payload }) => ({ id, payload: { ...payload, at, from: ctx.identity?.username } }))
}
