// expect: PV321 3:19
export function onPublish(ctx) {
  console.log(new Promise(console.log))
  return ctx.events
}
