// `@aws-appsync/utils/dynamodb`: requests from plain values, and conditions and updates from objects.
import { refuse, set, typed, typedMap } from 'provision:prelude'

export const toStringSet = (values) => set('SS', values)
export const toNumberSet = (values) => set('NS', values)
export const toBinarySet = (values) => set('BS', values)

export const get = ({ key, projection, ...rest }) =>
  request('GetItem', { key: typedMap(key), projection: projected(projection), ...rest })

export const put = ({ key, item, condition, ...rest }) =>
  request('PutItem', { key: typedMap(key), attributeValues: typedMap(item), condition: conditioned(condition), ...rest })

export const remove = ({ key, condition, ...rest }) =>
  request('DeleteItem', { key: typedMap(key), condition: conditioned(condition), ...rest })

export const update = ({ key, update, condition, ...rest }) =>
  request('UpdateItem', { key: typedMap(key), update: updated(update), condition: conditioned(condition), ...rest })

export const query = ({ query, filter, projection, ...rest }) =>
  request('Query', { query: filtered(query), filter: filtered(filter), projection: projected(projection), ...rest })

export const scan = ({ filter, projection, ...rest }) =>
  request('Scan', { filter: filtered(filter), projection: projected(projection), ...rest })

export const sync = ({ filter, ...rest }) => request('Sync', { filter: filtered(filter), ...rest })

export const batchGet = ({ tables }) =>
  request('BatchGetItem', {
    tables: mapped(tables, ({ keys, projection, ...rest }) =>
      without({ keys: keys.map(typedMap), projection: projected(projection), ...rest })),
  })
export const batchPut = ({ tables }) =>
  request('BatchPutItem', { tables: mapped(tables, (items) => items.map(typedMap)) })
export const batchDelete = ({ tables }) =>
  request('BatchDeleteItem', { tables: mapped(tables, (keys) => keys.map(typedMap)) })

export const transactGet = ({ items }) =>
  request('TransactGetItems', {
    transactItems: items.map(({ table, key, projection }) =>
      without({ table, key: typedMap(key), projection: projected(projection) })),
  })

const WRITES = { putItem: put, updateItem: update, deleteItem: remove }
export const transactWrite = ({ items }) =>
  request('TransactWriteItems', {
    transactItems: items.map((item) => {
      const { conditionCheck } = item
      if (conditionCheck) {
        const { table, key, condition } = conditionCheck
        return { table, operation: 'ConditionCheck', key: typedMap(key), condition: conditioned(condition) }
      }
      const kind = Object.keys(WRITES).find((it) => item[it])
      if (!kind) refuse('an item of transactWrite is putItem, updateItem, deleteItem or conditionCheck')
      const { table, ...rest } = item[kind]
      return { table, ...WRITES[kind](rest) }
    }),
  })

/** Of a value in `update`: what is to be done with it. */
const does = (what, value, more) => ({ $does: what, value, ...more })
export const operations = {
  add: (value) => does('set', value),
  replace: (value) => does('set', value),
  remove: () => does('remove'),
  increment: (by = 1) => does('increment', by),
  decrement: (by = 1) => does('decrement', by),
  append: (values) => does('append', values),
  prepend: (values) => does('prepend', values),
  updateListItem: (value, index) => does('item', value, { index }),
}

const request = (operation, members) => without({ operation, ...members })

const without = (members) => {
  const out = {}
  for (const key of Object.keys(members)) {
    if (members[key] !== undefined) out[key] = members[key]
  }
  return out
}

const mapped = (tables, of) => {
  const out = {}
  for (const name of Object.keys(tables)) out[name] = of(tables[name])
  return out
}

/** Placeholders for names and values. A name that is not an identifier gets a number instead. */
const aliases = () => {
  const names = {}
  const values = {}
  const free = (taken, wanted, value) => {
    let alias = wanted
    let n = 1
    while (Object.hasOwn(taken, alias) && taken[alias] !== value) {
      n += 1
      alias = `${wanted}_${n}`
    }
    return alias
  }
  const word = (name) => name.replaceAll('[^A-Za-z0-9_]', '_')
  return {
    name: (path) =>
      path.map((part) => {
        const alias = free(names, `#${word(part)}`, part)
        names[alias] = part
        return alias
      }).join('.'),
    value: (path, operator, value) => {
      const alias = free(values, `:${path.map(word).join('_')}_${operator}`)
      values[alias] = typed(value)
      return alias
    },
    format: (expression) => {
      const out = { expression }
      if (Object.keys(names).length > 0) out.expressionNames = names
      if (Object.keys(values).length > 0) out.expressionValues = values
      return out
    },
  }
}

const projected = (names) => {
  if (names === undefined || names === null) return undefined
  const { name, format } = aliases()
  return format(names.map((it) => name(it.split('.'))).join(', '))
}

const filtered = (filter) => {
  if (filter === undefined || filter === null) return undefined
  const known = aliases()
  return known.format(expression(filter, known))
}

const conditioned = filtered

const expression = (filter, known) => {
  const parts = []
  for (const key of Object.keys(filter)) {
    const value = filter[key]
    if (key === 'and' || key === 'or') {
      parts.push(`(${value.map((it) => expression(it, known)).join(` ${key.toUpperCase()} `)})`)
    } else if (key === 'not') {
      parts.push(`(NOT ${expression(value, known)})`)
    } else {
      for (const operator of Object.keys(value)) {
        parts.push(compared(key.split('.'), operator, value[operator], known))
      }
    }
  }
  return parts.length === 1 ? parts[0] : `(${parts.join(' AND ')})`
}

const SIGNS = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' }

const compared = (path, operator, value, known) => {
  const name = known.name(path)
  const to = (it, more = '') => known.value(path, `${operator}${more}`, it)
  if (SIGNS[operator]) return `(${name} ${SIGNS[operator]} ${to(value)})`
  switch (operator) {
    case 'contains':
      return `contains(${name}, ${to(value)})`
    case 'notContains':
      return `(NOT contains(${name}, ${to(value)}))`
    case 'beginsWith':
      return `begins_with(${name}, ${to(value)})`
    case 'between':
      return `(${name} BETWEEN ${to(value[0], '_from')} AND ${to(value[1], '_to')})`
    case 'in':
      return `(${name} IN (${value.map((it) => to(it)).join(', ')}))`
    case 'attributeExists':
      return `${value ? 'attribute_exists' : 'attribute_not_exists'}(${name})`
    case 'attributeType':
      return `attribute_type(${name}, ${to(value)})`
    case 'size': {
      const inner = Object.keys(value)[0]
      if (!SIGNS[inner]) refuse(`size has no operator ${inner}`)
      return `(size(${name}) ${SIGNS[inner]} ${known.value(path, `size_${inner}`, value[inner])})`
    }
    default:
      return refuse(`unknown operator ${operator} in a filter or condition`)
  }
}

const updated = (changes) => {
  const known = aliases()
  const [sets, removes] = [[], []]
  changed([], changes, known, sets, removes)
  const parts = []
  if (sets.length > 0) parts.push(`SET ${sets.join(', ')}`)
  if (removes.length > 0) parts.push(`REMOVE ${removes.join(', ')}`)
  return known.format(parts.join(' '))
}

/** A plain object changes the keys that it has; `replace` changes the whole. */
const changed = (path, changes, known, sets, removes) => {
  for (const key of Object.keys(changes)) {
    const [here, change] = [[...path, key], changes[key]]
    if (change === undefined) continue
    if (change !== null && typeof change === 'object' && change.$does) {
      done(here, change, known, sets, removes)
    } else if (isNested(change)) {
      changed(here, change, known, sets, removes)
    } else {
      sets.push(`${known.name(here)} = ${known.value(here, 'value', change)}`)
    }
  }
}

const isNested = (it) =>
  it !== null && typeof it === 'object' && !Array.isArray(it) && typed(it).M !== undefined && Object.keys(it).length > 0

const done = (path, { $does, value, index }, known, sets, removes) => {
  const name = known.name(path)
  const to = () => known.value(path, 'value', value)
  switch ($does) {
    case 'remove':
      return removes.push(name)
    case 'increment':
      return sets.push(`${name} = ${name} + ${to()}`)
    case 'decrement':
      return sets.push(`${name} = ${name} - ${to()}`)
    case 'append':
      return sets.push(`${name} = list_append(${name}, ${to()})`)
    case 'prepend':
      return sets.push(`${name} = list_append(${to()}, ${name})`)
    case 'item':
      return sets.push(`${name}[${index}] = ${to()}`)
    default:
      return sets.push(`${name} = ${to()}`)
  }
}
