// expect: PV328 3:10
function limit(n) {
  return (event) => event.payload < n
}

export function onPublish(ctx) {
  return ctx.events.filter(limit(3))
}
