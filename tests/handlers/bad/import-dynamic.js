// expect: PV302 3:16
export function onPublish(ctx) {
  const late = import('@aws-appsync/utils')
  console.log(late)
  return ctx.events
}
