// given: {"events": [1]}
// expect: {"broken": "putt", "unread": true}
import { putt } from '@aws-appsync/utils/dynamodb'
export const onPublish = (ctx) => putt(ctx.events)
