// expect: PV320 3:3
const ids = {
  *each() {},
}

export function onPublish(ctx) {
  return ids ? ctx.events : []
}
