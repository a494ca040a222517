// expect: PV320 2:10, PV320 3:3
function *each(events) {
  yield events[0]
}

export function onPublish(ctx) {
  return [...each(ctx.events)]
}
