// expect: PV327 2:18
const { util } = require('@aws-appsync/utils')

export function onPublish(ctx) {
  return util ? ctx.events : []
}
