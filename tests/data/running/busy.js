// given: {"events": [1]}
// expect: {"broken": "it ran for too long and was stopped"}
export function onPublish(ctx) {
  const list = new Array(10000).fill(1)
  list.forEach(() => list.forEach(() => list.forEach(() => 1)))
  return ctx.events
}
