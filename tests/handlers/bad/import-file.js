// expect: PV302 2:23
import { clean } from './clean.js'

export function onPublish(ctx) {
  return clean(ctx.events)
}
