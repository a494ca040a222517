// expect: PV326 3:10
export function onPublish(ctx) {
  return this ? ctx.events : []
}
