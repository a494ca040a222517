// given: {"events": [1], "source": true}
// expect: {"waiting": {"statements": ["INSERT INTO \"messages\" (\"id\", \"at\") VALUES (:ID, :AT)", "SELECT * FROM messages WHERE id = :P0"], "variableMap": {":ID": "1", ":AT": "2027-01-15", ":P0": 7}, "variableTypeHintMap": {":AT": "DATE"}}}
// given: {"events": [1], "source": true, "result": "{\"sqlStatementResults\":[{\"records\":[[{\"stringValue\":\"x\"},{\"isNull\":true}]],\"columnMetadata\":[{\"label\":\"a\"},{\"label\":\"b\"}]}]}"}
// expect: {"delivered": [[0, [[{"a": "x", "b": null}]]]]}
import { createPgStatement, insert, sql, toJsonObject, typeHint } from '@aws-appsync/utils/rds'

export const onPublish = {
  request: () =>
    createPgStatement(
      insert({ table: 'messages', values: { id: '1', at: typeHint.DATE('2027-01-15') } }),
      sql`SELECT * FROM messages WHERE id = ${7}`,
    ),
  response: (ctx) => ctx.events.map(({ id }) => ({ id, payload: toJsonObject(ctx.result) })),
}
