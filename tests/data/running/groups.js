// given: {"subscribe": true, "identity": {"groups": ["staff"]}}
// expect: {"allowed": true}
// given: {"subscribe": true, "identity": {"groups": null}}
// expect: {"refused": "staff only", "type": "Forbidden", "data": {"a": 1}, "at": "7:10"}
export function onSubscribe(ctx) {
  if (!(ctx.identity.groups ?? []).includes('staff')) {
    util.error('staff only', 'Forbidden', { a: 1 })
  }
}
