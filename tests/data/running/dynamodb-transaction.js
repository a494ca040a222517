// given: {"events": [1], "source": true}
// expect: {"waiting": {"operation": "TransactWriteItems", "transactItems": [{"table": "a", "operation": "PutItem", "key": {"id": {"S": "1"}}, "attributeValues": {"n": {"N": 1}}}, {"table": "b", "operation": "ConditionCheck", "key": {"id": {"S": "2"}}, "condition": {"expression": "attribute_exists(#id)", "expressionNames": {"#id": "id"}}}]}}
import { transactWrite } from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request: () =>
    transactWrite({
      items: [
        { putItem: { table: 'a', key: { id: '1' }, item: { n: 1 } } },
        { conditionCheck: { table: 'b', key: { id: '2' }, condition: { id: { attributeExists: true } } } },
      ],
    }),
  response: (ctx) => ctx.events,
}
