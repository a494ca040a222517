// given: {"events": [1]}
// expect: {"delivered": [[0, 1]]}
// given: {"events": [1]}
// expect: {"delivered": [[0, 1]]}
let calls = 0
export const onPublish = (ctx) => {
  calls += 1
  return ctx.events.map(({ id }) => ({ id, payload: calls }))
}
