// expect: PV324 7:20
function text(event) {
  return event.payload
}

export function onPublish(ctx) {
  console.log(text.call(null, ctx.events[0]))
  return ctx.events
}
