// expect: PV312 3:21
export function onPublish(ctx) {
  console.log('sub' in ctx.identity)
  return ctx.events
}
