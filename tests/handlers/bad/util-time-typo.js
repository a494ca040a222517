// expect: PV331 5:25?
import { util } from '@aws-appsync/utils'

export function onPublish(ctx) {
  console.log(util.time.nowIso8601())
  return ctx.events
}
