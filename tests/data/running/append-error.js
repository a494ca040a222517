// given: {"events": [1]}
// expect: {"delivered": [[0, 1]], "outErrors": [{"message": "odd", "errorType": "Odd", "data": null, "errorInfo": null}]}
export function onPublish(ctx) {
  util.appendError('odd', 'Odd')
  return ctx.events
}
