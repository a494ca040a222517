import { insert, createPgStatement, sql } from '@aws-appsync/utils/rds'

export const onPublish = {
  request(ctx) {
    const [{ id, payload }] = ctx.events
    const one = insert({ table: 'messages', values: { id, ...payload } })
    return createPgStatement(one, sql`SELECT 1`)
  },
  response: (ctx) => ctx.events,
}
