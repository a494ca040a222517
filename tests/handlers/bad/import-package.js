// expect: PV302 2:20
import { v4 } from 'uuid'

export function onPublish(ctx) {
  return ctx.events.map((event) => ({ id: event.id, payload: v4() }))
}
