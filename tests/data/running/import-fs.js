// given: {"events": [1]}
// expect: {"broken": "unknown module 'fs'; a handler may import @aws-appsync/utils, ", "unread": true}
import fs from 'fs'
export const onPublish = (ctx) => ctx.events
