// given: {"events": [{"msg": "hi"}, "text", 42, null]}
// expect: {"delivered": [[0, {"msg": "hi"}], [1, "text"], [2, 42], [3, null]], "failed": [], "dropped": []}
export function onPublish(ctx) {
  return ctx.events
}
