// given: {"events": [1]}
// expect: {"delivered": [[0, 1000]]}
// given: {"events": [1, 2]}
// expect: {"broken": "more than 1000 iterations"}
export function onPublish(ctx) {
  return ctx.events.map(({ id }) => {
    let n = 0
    for (const one of [].concat(Array.isArray([]) ? new Array(1000).fill(1) : [])) {
      n += one
    }
    return { id, payload: n }
  })
}
