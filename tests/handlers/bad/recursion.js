// expect: PV322 3:23
function depth(item) {
  return item.child ? depth(item.child) + 1 : 0
}

export function onPublish(ctx) {
  return ctx.events.filter((event) => depth(event.payload) < 3)
}
