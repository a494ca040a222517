// given: {"events": [1], "channel": "/chat/lobby"}
// expect: {"delivered": [[0, "lobby of chat in PUBLISH at /chat/lobby"]]}
export function onPublish(ctx) {
  const { channel, channelNamespace, operation } = ctx.info
  const where = `${channel.segments[1]} of ${channelNamespace.name} in ${operation} at ${channel.path}`
  return ctx.events.map((event) => ({ id: event.id, payload: where }))
}
