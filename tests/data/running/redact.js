// given: {"events": [{"text": "call 555-1234 now", "card": "1"}]}
// expect: {"delivered": [[0, {"text": "call ***-**** now"}]]}
export function onPublish(ctx) {
  return ctx.events.map(({ id, payload }) => {
    const { card, ...rest } = payload
    return { id, payload: { ...rest, text: rest.text.replaceAll('[0-9]', '*') } }
  })
}
