// given: {"events": [1, 2, 3]}
// expect: {"delivered": [[0, 1], [1, 3], [2, 6]]}
export function onPublish(ctx) {
  const out = []
  let sum = 0
  for (const { id, payload } of ctx.events) {
    sum += payload
    out.push({ id, payload: sum })
  }
  return out
}
