// given: {"events": [{"level": "gold"}, {"level": "tin"}], "identity": {"claims": {"custom:level": "gold"}}}
// expect: {"delivered": [[0, {"level": "gold"}]], "dropped": [1]}
// given: {"events": [{"level": "gold"}], "identity": null}
// expect: {"broken": "TypeError: cannot read property 'claims' of null", "at": "7:17"}

export function onPublish(ctx) {
  const level = ctx.identity.claims['custom:level'] ?? 'none'
  return ctx.events.filter((event) => event.payload.level === level)
}
