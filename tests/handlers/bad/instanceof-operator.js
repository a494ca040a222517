// expect: PV312 3:26
export function onPublish(ctx) {
  console.log(ctx.events instanceof Array)
  return ctx.events
}
