// expect: PV323 3:3
export function onPublish(ctx) {
  eval('1 + 1')
  return ctx.events
}
