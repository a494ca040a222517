// expect: PV323 7:62
function Message(text) {
  return { text }
}

export function onPublish(ctx) {
  return ctx.events.map((event) => ({ id: event.id, payload: new Message(event.payload) }))
}
