// given: {"events": [{"a": 1}], "identity": {"username": "nadia"}, "channel": "/chat/room/7"}
// expect: {"delivered": [[0, {"a": 1, "from": "nadia", "room": "7", "at": "2027-01-15T08:00:00.000Z"}]]}
import { util } from '@aws-appsync/utils'

export const onPublish = (ctx) =>
  ctx.events.map((event) => ({
    id: event.id,
    payload: {
      ...event.payload,
      from: ctx.identity.username,
      room: ctx.info.channel.segments[2],
      at: util.time.nowISO8601(),
    },
  }))
