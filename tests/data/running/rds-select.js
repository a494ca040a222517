// given: {"events": [1], "source": true}
// expect: {"waiting": {"statements": ["SELECT `id`, `name` FROM `people` WHERE `age` >= :AGE AND (`name` LIKE :NAME OR `name` IS NULL) ORDER BY `name` DESC LIMIT :LIMIT"], "variableMap": {":AGE": 18, ":NAME": "a%", ":LIMIT": 10}, "variableTypeHintMap": {}}}
import { createMySQLStatement, select } from '@aws-appsync/utils/rds'

export const onPublish = {
  request: () =>
    createMySQLStatement(
      select({
        table: 'people',
        columns: ['id', 'name'],
        where: { age: { ge: 18 }, or: [{ name: { beginsWith: 'a' } }, { name: { attributeExists: false } }] },
        orderBy: [{ column: 'name', dir: 'DESC' }],
        limit: 10,
      }),
    ),
  response: (ctx) => ctx.events,
}
