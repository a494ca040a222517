// given: {"events": [1], "source": true}
// expect: {"waiting": {"operation": "Query", "query": {"expression": "((#room = :room_eq) AND begins_with(#at, :at_beginsWith))", "expressionNames": {"#room": "room", "#at": "at"}, "expressionValues": {":room_eq": {"S": "a"}, ":at_beginsWith": {"S": "2027"}}}, "filter": {"expression": "((#n > :n_gt) OR attribute_not_exists(#n))", "expressionNames": {"#n": "n"}, "expressionValues": {":n_gt": {"N": 1}}}, "projection": {"expression": "#id, #a.#b", "expressionNames": {"#id": "id", "#a": "a", "#b": "b"}}, "limit": 5}}
import { query } from '@aws-appsync/utils/dynamodb'

export const onPublish = {
  request: () =>
    query({
      query: { room: { eq: 'a' }, at: { beginsWith: '2027' } },
      filter: { or: [{ n: { gt: 1 } }, { n: { attributeExists: false } }] },
      projection: ['id', 'a.b'],
      limit: 5,
    }),
  response: (ctx) => ctx.events,
}
