// given: {"events": [{"a": [1, "x", true, null]}], "source": true}
// expect: {"waiting": {"operation": "PutItem", "key": {"id": {"S": "1"}}, "attributeValues": {"a": {"L": [{"N": 1}, {"S": "x"}, {"BOOL": true}, {"NULL": null}]}}, "json": "{\"S\":\"x\"}"}}
import { util } from '@aws-appsync/utils'

export const onPublish = {
  request: (ctx) => ({
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id: '1' }),
    attributeValues: util.dynamodb.toMapValues(ctx.events[0].payload),
    json: util.dynamodb.toDynamoDBJson('x'),
  }),
  response: (ctx) => ctx.events,
}
