import { util } from '@aws-appsync/utils'

const LONGEST = 500

/** Delivers what has a text, cut to size and with the name of whoever is signed in. */
export function onPublish(ctx) {
  const name = ctx.identity.username ?? 'somebody'
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

/** Lets everybody read the public rooms, and the private room of a user only that user. */
export function onSubscribe(ctx) {
  const segments = ctx.info.channel.segments
  if (segments[1] === 'private' && segments[2] !== ctx.identity.username) {
    util.unauthorized()
  }
}
