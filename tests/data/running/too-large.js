// given: {"events": [1]}
// expect: {"broken": "AppSync accepts 5242880"}
export function onPublish(ctx) {
  let text = 'x'
  new Array(23).fill(0).forEach(() => {
    text = `${text}${text}`
  })
  return ctx.events.map(({ id }) => ({ id, payload: text }))
}
