// expect: PV325 3:62
export function onPublish(ctx) {
  return ctx.events.filter((event) => event.payload.text !== /^[a-z]+$/)
}
