// expect: PV303 1:1
function onPublish(ctx) {
  return ctx.events
}

console.log(typeof onPublish)
