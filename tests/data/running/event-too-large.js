// given: {"events": [1]}
// expect: {"delivered": [], "dropped": [0]}
export function onPublish(ctx) {
  let text = 'x'
  new Array(18).fill(0).forEach(() => {
    text = `${text}${text}`
  })
  return ctx.events.map(({ id }) => ({ id, payload: text }))
}
