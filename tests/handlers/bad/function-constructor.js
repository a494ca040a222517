// expect: PV323 3:19
export function onPublish(ctx) {
  console.log(new Function('return 1'))
  return ctx.events
}
