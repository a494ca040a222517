// given: {"events": [1]}
// expect: {"broken": "more memory than its limit of 32 MiB"}
export function onPublish(ctx) {
  let text = 'x'
  new Array(100).fill(0).forEach(() => {
    text = [text, text].join('')
  })
  return ctx.events.map(({ id }) => ({ id, payload: text.length }))
}
