import { util } from '@aws-appsync/utils'

const LONGEST = 500

/** Delivers messages that have a text: shortened, and with the name of the user. */
export function onPublish(ctx) {
  const name = ctx.identity.username ?? 'unknown'
  return ctx.events.map((event) => {
    const text = event.payload.text
    if (!text) {
      return { id: event.id, error: 'a message needs a text' }
    }
    return {
      id: event.id,
      payload: { from: name, text: text.slice(0, LONGEST), at: util.time.nowISO8601() },
    }
  })
}

/** Allows everyone to read public rooms, and only the user to read the user's private room. */
export function onSubscribe(ctx) {
  const segments = ctx.info.channel.segments
  if (segments[1] === 'private' && segments[2] !== ctx.identity.username) {
    util.unauthorized()
  }
}
