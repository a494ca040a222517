// given: {"subscribe": true, "channel": "/chat/nadia", "identity": {"username": "nadia"}}
// expect: {"allowed": true}
// given: {"subscribe": true, "channel": "/chat/*", "identity": {"username": "nadia"}}
// expect: {"refused": "Unauthorized", "type": "Unauthorized", "at": "8:10"}

export function onSubscribe(ctx) {
  if (ctx.info.channel.segments[1] !== ctx.identity.username) {
    util.unauthorized()
  }
}
