// given: {"events": [1]}
// expect: {"broken": "unknown module 'provision:prelude'", "unread": true}
import { pattern } from 'provision:prelude'
export const onPublish = (ctx) => ctx.events.map(() => pattern('a', ''))
