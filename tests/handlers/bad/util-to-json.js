// expect: PV331 5:20?
import { util } from '@aws-appsync/utils'

export function onPublish(ctx) {
  console.log(util.toJson(ctx))
  return ctx.events
}
