// expect: PV330 3:22
export function onPublish(ctx) {
  console.log([1, 2].entries())
  return ctx.events
}
