// `@aws-appsync/utils/rds`: statements as data, written for one of two databases when a request is made of them.
import { parseJson, refuse } from 'provision:prelude'

/** A statement with values in it: each becomes a parameter. */
export const sql = (texts, ...values) => ({ $sql: { texts: [...texts], values } })

export const select = (what) => ({ $statement: 'select', ...what })
export const insert = (what) => ({ $statement: 'insert', ...what })
export const update = (what) => ({ $statement: 'update', ...what })
export const remove = (what) => ({ $statement: 'remove', ...what })

export const createPgStatement = (...statements) => created(statements, '"')
export const createMySQLStatement = (...statements) => created(statements, '`')

const hint = (type) => (value) => ({ $hint: type, value })
export const typeHint = {
  DATE: hint('DATE'),
  DATETIME: hint('DATETIME'),
  DECIMAL: hint('DECIMAL'),
  JSON: (value) => ({ $hint: 'JSON', value: typeof value === 'string' ? value : JSON.stringify(value) }),
  TIME: hint('TIME'),
  TIMESTAMP: hint('TIMESTAMP'),
  UUID: hint('UUID'),
}

const aggregate = (name) => (column) => ({ $aggregate: name, column })
export const agg = {
  min: aggregate('MIN'),
  minDistinct: aggregate('MIN DISTINCT'),
  max: aggregate('MAX'),
  maxDistinct: aggregate('MAX DISTINCT'),
  sum: aggregate('SUM'),
  sumDistinct: aggregate('SUM DISTINCT'),
  avg: aggregate('AVG'),
  avgDistinct: aggregate('AVG DISTINCT'),
  count: aggregate('COUNT'),
  countDistinct: aggregate('COUNT DISTINCT'),
}

/** What RDS answered, as a list of rows for each statement. */
export const toJsonObject = (result) => {
  const { sqlStatementResults } = typeof result === 'string' ? parseJson(result) : result
  return sqlStatementResults.map(({ records, columnMetadata }) =>
    (records ?? []).map((record) => {
      const row = {}
      record.forEach((field, n) => {
        const { label, name } = columnMetadata[n]
        row[label ?? name] = field.isNull ? null : Object.values(field)[0]
      })
      return row
    }))
}

const last = (list) => list[list.length - 1]

const STATEMENTS_MAX = 2

const created = (statements, quote) => {
  if (statements.length > STATEMENTS_MAX) refuse(`a request has at most ${STATEMENTS_MAX} statements`)
  const [variableMap, variableTypeHintMap] = [{}, {}]
  const bind = (name, given) => {
    const hinted = given !== null && typeof given === 'object' && given.$hint
    let alias = `:${name}`
    let n = 1
    while (Object.hasOwn(variableMap, alias)) {
      n += 1
      alias = `:${name}_${n}`
    }
    variableMap[alias] = (hinted ? given.value : given) ?? null
    if (hinted) variableTypeHintMap[alias] = given.$hint
    return alias
  }
  const to = writer(quote, bind)
  return { statements: statements.map(to), variableMap, variableTypeHintMap }
}

const writer = (quote, bind) => {
  let counted = 0
  const name = (it) => it.split('.').map((part) => (part === '*' ? part : `${quote}${part}${quote}`)).join('.')
  const variable = (column) => last(column.split('.')).replaceAll('[^A-Za-z0-9_]', '_').toUpperCase()
  const column = (it) => {
    if (typeof it === 'string') return name(it)
    if (it.$aggregate) {
      const [of, distinct] = it.$aggregate.split(' ')
      return `${of}(${distinct ? `${distinct} ` : ''}${name(it.column)})`
    }
    return written(it)
  }
  const columns = (list) => (list && list.length > 0 ? list.map(column).join(', ') : '*')
  const where = (it) => (it ? ` WHERE ${condition(it)}` : '')
  const returning = (it) => (it ? ` RETURNING ${columns(it)}` : '')

  const condition = (it) => {
    if (typeof it === 'object' && it.$sql) return written(it)
    const parts = []
    for (const key of Object.keys(it)) {
      if (key === 'and' || key === 'or') {
        parts.push(`(${it[key].map(condition).join(` ${key.toUpperCase()} `)})`)
      } else if (key === 'not') {
        parts.push(`(NOT ${condition(it[key])})`)
      } else {
        for (const operator of Object.keys(it[key])) parts.push(compared(key, operator, it[key][operator]))
      }
    }
    return parts.join(' AND ')
  }
  const SIGNS = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' }
  const compared = (key, operator, value) => {
    const [left, to] = [name(key), (it) => bind(variable(key), it)]
    if (SIGNS[operator]) return `${left} ${SIGNS[operator]} ${to(value)}`
    switch (operator) {
      case 'contains':
        return `${left} LIKE ${to(`%${value}%`)}`
      case 'notContains':
        return `${left} NOT LIKE ${to(`%${value}%`)}`
      case 'beginsWith':
        return `${left} LIKE ${to(`${value}%`)}`
      case 'between':
        return `${left} BETWEEN ${to(value[0])} AND ${to(value[1])}`
      case 'in':
        return `${left} IN (${value.map(to).join(', ')})`
      case 'attributeExists':
        return `${left} IS ${value ? 'NOT ' : ''}NULL`
      default:
        return refuse(`unknown operator \`${operator}\` in \`where\``)
    }
  }
  const order = (list) => {
    const each = (it) => `${name(it.column)} ${it.dir === 'DESC' ? 'DESC' : 'ASC'}`
    return list && list.length > 0 ? ` ORDER BY ${list.map(each).join(', ')}` : ''
  }

  const written = (it) => {
    if (typeof it === 'string') return it
    if (it.$sql) {
      const { texts, values } = it.$sql
      return texts.reduce((all, text, n) => {
        const value = values[n - 1]
        const nested = value !== null && typeof value === 'object' && value.$sql
        if (nested) return `${all}${written(value)}${text}`
        const alias = bind(`P${counted}`, value)
        counted += 1
        return `${all}${alias}${text}`
      })
    }
    const table = name(it.table)
    switch (it.$statement) {
      case 'select': {
        const limit = it.limit === undefined ? '' : ` LIMIT ${bind('LIMIT', it.limit)}`
        const offset = it.offset === undefined ? '' : ` OFFSET ${bind('OFFSET', it.offset)}`
        return `SELECT ${columns(it.columns)} FROM ${table}${where(it.where)}${order(it.orderBy)}${limit}${offset}`
      }
      case 'insert': {
        const keys = Object.keys(it.values)
        const values = keys.map((key) => bind(variable(key), it.values[key])).join(', ')
        return `INSERT INTO ${table} (${keys.map(name).join(', ')}) VALUES (${values})${returning(it.returning)}`
      }
      case 'update': {
        const set = Object.keys(it.values).map((key) => `${name(key)} = ${bind(variable(key), it.values[key])}`)
        return `UPDATE ${table} SET ${set.join(', ')}${where(it.where)}${returning(it.returning)}`
      }
      case 'remove':
        return `DELETE FROM ${table}${where(it.where)}${returning(it.returning)}`
      default:
        return refuse('not a statement: use sql, select, insert, update or remove')
    }
  }
  return written
}
