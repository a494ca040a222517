// expect: PV325 3:15
export function onPublish(ctx) {
  console.log(RegExp('a'))
  return ctx.events
}
