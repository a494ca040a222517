// given: {"events": [1]}
// expect: {"broken": "there is no module 'provision:prelude'", "unread": true}
import { pattern } from 'provision:prelude'
export const onPublish = (ctx) => ctx.events.map(() => pattern('a', ''))
