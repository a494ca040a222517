// given: {"events": ["abc", "ABC", "a1"]}
// expect: {"delivered": [[0, [true, true]], [1, [false, true]], [2, [false, false]]]}
export const onPublish = (ctx) =>
  ctx.events.map(({ id, payload }) => ({
    id,
    payload: [util.matches('^[a-z]+$', payload), util.matches('(?i)^[a-z]+$', payload)],
  }))
