// given: {"events": [1]}
// expect: {"broken": "there is no module 'fs'; a handler may import @aws-appsync/utils, ", "unread": true}
import fs from 'fs'
export const onPublish = (ctx) => ctx.events
