// given: {"events": [1]}
// expect: {"refused": "no", "type": null, "at": "4:8"}
export function onPublish(ctx) {
  util.error('no')
  return ctx.events
}
