// given: {"events": [{"a": 1}]}
// expect: {"logs": ["INFO 4:22 got {\"a\":1} 1", "ERROR 5:17 undefined", "DEBUG 6:17 null"], "delivered": []}
export function onPublish(ctx) {
  console.log('got', ctx.events[0].payload, 1)
  console.error(undefined)
  console.debug(null)
}
