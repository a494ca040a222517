// given: {"events": [{"ok": true}, {"ok": false}]}
// expect: {"delivered": [[0, {"ok": true}]], "failed": [[1, "not ok"]], "dropped": []}
export function onPublish(ctx) {
  return ctx.events.map((event) => (event.payload.ok ? event : { ...event, error: 'not ok' }))
}
