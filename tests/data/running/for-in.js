// given: {"events": [{"a": 1, "b": 2}]}
// expect: {"delivered": [[0, "a=1;b=2;"]]}
export function onPublish(ctx) {
  return ctx.events.map(({ id, payload }) => {
    let text = ''
    for (const key in payload) text += `${key}=${payload[key]};`
    return { id, payload: text }
  })
}
