// given: {"events": [{"text": "hi", "n": 1.5}], "source": true, "context": {"events": [{"id": "e1", "payload": {"text": "hi", "n": 1.5, "tags": ["a"], "none": null}}]}}
// expect: {"waiting": {"operation": "BatchPutItem", "tables": {"messages": [{"channel": {"S": "/chat/room"}, "id": {"S": "e1"}, "text": {"S": "hi"}, "n": {"N": 1.5}, "tags": {"L": [{"S": "a"}]}, "none": {"NULL": null}}]}}}
import { batchPut } from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request(ctx) {
    const channel = ctx.info.channel.path
    return batchPut({ tables: { messages: ctx.events.map(({ id, payload }) => ({ channel, id, ...payload })) } })
  },
  response: (ctx) => ctx.events,
}
