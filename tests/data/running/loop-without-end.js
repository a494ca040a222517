// given: {"events": [1]}
// expect: {"broken": "more than 1000 iterations"}
export function onPublish(ctx) {
  const list = [1]
  for (const it of list) {
    list.push(it)
  }
  return ctx.events
}
