// given: {"events": [1], "source": true}
// expect: {"waiting": {"operation": "UpdateItem", "key": {"id": {"S": "1"}}, "update": {"expression": "SET #count = #count + :count_value, #list = list_append(#list, :list_value), #deep.#name = :deep_name_value, #tags = :tags_value REMOVE #old", "expressionNames": {"#count": "count", "#list": "list", "#old": "old", "#deep": "deep", "#name": "name", "#tags": "tags"}, "expressionValues": {":count_value": {"N": 1}, ":list_value": {"L": [{"N": 2}]}, ":deep_name_value": {"S": "x"}, ":tags_value": {"SS": ["a"]}}}, "condition": {"expression": "attribute_exists(#id)", "expressionNames": {"#id": "id"}}}}
import { operations, toStringSet, update } from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request: () =>
    update({
      key: { id: '1' },
      update: {
        count: operations.increment(),
        list: operations.append([2]),
        old: operations.remove(),
        deep: { name: 'x' },
        tags: toStringSet(['a']),
      },
      condition: { id: { attributeExists: true } },
    }),
  response: (ctx) => ctx.events,
}
