// expect: PV330 3:15
export function onPublish(ctx) {
  console.log(Object.freeze({ a: 1 }))
  return ctx.events
}
