// expect: PV328 8:42
function twice(change, event) {
  return change(change(event))
}
const clean = (event) => ({ id: event.id, payload: '' })

export function onPublish(ctx) {
  return ctx.events.map((event) => twice(clean, event))
}
