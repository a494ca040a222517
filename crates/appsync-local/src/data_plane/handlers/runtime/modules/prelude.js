// What a handler can use without importing it. Runs before the handler's code, and removes what APPSYNC_JS
// lacks. `$host` is the engine's interface; no other code sees it.
const realm = globalThis
const host = realm.$host
delete realm.$host
const { stringify, parse } = JSON
const { floor, round, min, max, random } = Math
const { keys: ownKeys, freeze: frozen } = Object
const { isArray } = Array
const { normalize, replace: nativeReplace } = String.prototype
const { sort: nativeSort } = Array.prototype
const { Error: NativeError, TypeError, RegExp: Pattern, String: NativeString, Reflect, Function } = globalThis
const call = Function.prototype.call.bind(Function.prototype.call)

/** Where the handler's code is at. */
const stack = () => new NativeError().stack

/** Ends the handler: the engine knows how before anything is thrown. */
const end = (how, value) => {
  const text = stringify(value)
  host.end(how, text === undefined ? '' : text, stack())
  throw new NativeError('the handler has ended')
}

const problem = (message, errorType, data, errorInfo) => ({
  message: message === undefined || message === null ? null : NativeString(message),
  errorType: errorType === undefined || errorType === null ? null : NativeString(errorType),
  data: data === undefined ? null : data,
  errorInfo: errorInfo === undefined ? null : errorInfo,
})

/** A pattern in Java's syntax, possibly with leading flags. */
export const pattern = (text, flags) => {
  let source = NativeString(text)
  let all = flags
  const front = new Pattern('^\\(\\?([imsu]+)\\)').exec(source)
  if (front) {
    source = source.slice(front[0].length)
    for (const flag of front[1]) {
      if (flag !== 'u') all += flag
    }
  }
  source = call(nativeReplace, source, new Pattern('\\\\A', 'g'), '^')
  source = call(nativeReplace, source, new Pattern('\\\\[zZ]', 'g'), '$$')
  // JavaScript has no possessive and atomic forms, and reports them itself.
  return new Pattern(source, new Pattern('\\\\[pP]\\{').test(source) ? all + 'u' : all)
}

const typed = (value) => {
  if (value === null || value === undefined) return { NULL: null }
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: value }
  if (typeof value === 'boolean') return { BOOL: value }
  if (isArray(value)) return { L: value.map(typed) }
  if (value[SET]) return value[SET]
  return { M: typedMap(value) }
}
/** The marker of a value that is a set, with its type. */
const SET = Symbol('set')
export const typedMap = (map) => {
  const out = {}
  for (const key of ownKeys(map ?? {})) {
    if (map[key] !== undefined) out[key] = typed(map[key])
  }
  return out
}
export { typed }
export const set = (kind, values) => ({ [SET]: { [kind]: values } })

const typings = {
  toDynamoDB: typed,
  toString: (it) => ({ S: it }),
  toStringSet: (it) => ({ SS: it }),
  toNumber: (it) => ({ N: it }),
  toNumberSet: (it) => ({ NS: it }),
  toBinary: (it) => ({ B: it }),
  toBinarySet: (it) => ({ BS: it }),
  toBoolean: (it) => ({ BOOL: it }),
  toNull: () => ({ NULL: null }),
  toList: (it) => ({ L: it.map(typed) }),
  toMap: (it) => ({ M: typedMap(it) }),
  toMapValues: typedMap,
}
const dynamodb = {}
for (const name of ownKeys(typings)) {
  dynamodb[name] = (it) => typings[name](it)
  dynamodb[`${name}Json`] = (it) => stringify(typings[name](it))
}

const util = {
  error: (message, type, data, info) => end('error', problem(message, type, data, info)),
  unauthorized: () => end('unauthorized', problem('Unauthorized', 'Unauthorized')),
  appendError: (message, type, data, info) => host.append(stringify(problem(message, type, data, info))),
  autoId: () => host.autoId(),
  autoUlid: () => host.autoUlid(),
  autoKsuid: () => host.autoKsuid(),
  matches: (expression, text) => pattern(expression, '').test(NativeString(text)),
  authType: () => host.authType(),
  escapeJavaScript: (text) => host.escapeJavaScript(NativeString(text)),
  urlEncode: (text) => host.urlEncode(NativeString(text)),
  urlDecode: (text) => host.urlDecode(NativeString(text)),
  base64Encode: (text) => host.base64Encode(NativeString(text)),
  base64Decode: (text) => host.base64Decode(NativeString(text)),
  time: {
    nowISO8601: () => host.iso(host.now()),
    nowEpochSeconds: () => floor(host.now() / 1000),
    nowEpochMilliSeconds: () => host.now(),
    nowFormatted: (format, zone) => host.format(host.now(), format, zone ?? 'UTC'),
    parseFormattedToEpochMilliSeconds: (text, format, zone) => host.parseFormatted(text, format, zone ?? ''),
    parseISO8601ToEpochMilliSeconds: (text) => host.parseIso(text),
    epochMilliSecondsToSeconds: (ms) => floor(ms / 1000),
    epochMilliSecondsToISO8601: (ms) => host.iso(ms),
    epochMilliSecondsToFormatted: (ms, format, zone) => host.format(ms, format, zone ?? 'UTC'),
  },
  dynamodb,
  str: { normalize: (text, form) => call(normalize, text, form.toUpperCase()) },
  math: {
    roundNum: (number) => round(number),
    minVal: (one, two) => min(one, two),
    maxVal: (one, two) => max(one, two),
    randomDouble: () => random(),
    randomWithinRange: (from, to) => from + floor(random() * (to - from)),
  },
}

const runtime = { earlyReturn: (value) => end('early', value === undefined ? null : value) }

const shown = (it) => {
  try {
    return stringify(it) ?? NativeString(it)
  } catch {
    return '"[circular]"'
  }
}
const log = (level) => (...values) => {
  host.log(level, values.map(shown), stack())
}
const console = { log: log('INFO'), error: log('ERROR'), debug: log('DEBUG') }

/** Counts the iterations of loops. Instrumented loops call it in each iteration. */
export const tick = () => host.tick()

/** An unknown name is an error of the code, and so is what AppSync can't do. */
export const refuse = (message) => {
  throw new TypeError(message)
}

const parseLenient = (text, ...more) => {
  if (more.length > 0) refuse('JSON.parse takes no function in APPSYNC_JS')
  try {
    return parse(text)
  } catch {
    return ''
  }
}
export const parseJson = parse

/** `$1` as Java has it; everything else is JavaScript's. */
const replacing = (flags) =>
  function replace(what, by) {
    if (typeof by === 'function') refuse('replace takes no function in APPSYNC_JS')
    return call(nativeReplace, this, pattern(what, flags), by)
  }

function sort(...order) {
  if (order.length > 0) refuse('sort takes no function in APPSYNC_JS')
  return call(nativeSort, this)
}

/** A constant of the language stays. */
const { deleteProperty: remove } = Reflect

/** What is left under a name, and nothing else. */
const keep = (object, names) => {
  for (const name of Reflect.ownKeys(object)) {
    if (typeof name === 'string' && !names.includes(name)) remove(object, name)
  }
}
const drop = (object, names) => {
  for (const name of names) remove(object, name)
}

const globals = ['Object', 'Array', 'String', 'Number', 'Boolean', 'JSON', 'Math', 'NaN', 'Infinity', 'undefined']
const prototypes = [Object, Array, String, Number, Boolean].map((it) => it.prototype)
const functions = [() => 0, function* () {}, async () => 0, async function* () {}]
// Their constructors make functions from texts.
for (const it of functions) {
  remove(Reflect.getPrototypeOf(it), 'constructor')
}
drop(Function.prototype, ['apply', 'bind', 'call', 'caller', 'arguments', 'constructor'])
JSON.parse = parseLenient
Array.prototype.sort = sort
String.prototype.replace = replacing('')
String.prototype.replaceAll = replacing('g')
keep(Object, ['prototype', 'length', 'name', 'assign', 'entries', 'hasOwn', 'keys', 'values'])
keep(Array, ['prototype', 'length', 'name', 'isArray'])
keep(String, ['prototype', 'length', 'name', 'raw'])
keep(Number, ['prototype', 'length', 'name', 'isFinite', 'isNaN'])
keep(Math, ['random', 'min', 'max', 'round', 'floor', 'ceil'])
keep(JSON, ['parse', 'stringify'])
drop(Array.prototype, ['copyWithin', 'entries', 'keys', 'group', 'groupToMap'])
drop(String.prototype, [
  'charCodeAt', 'localeCompare', 'matchAll', 'search', 'padEnd', 'padStart', 'repeat', 'toLocaleLowerCase',
  'toLocaleUpperCase',
])
drop(Object.prototype, ['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__', '__proto__'])
// A pattern would be reached through the methods of texts that take one.
drop(String.prototype, ['match'])
for (const it of [Pattern.prototype, NativeError.prototype, ...prototypes]) {
  remove(it, 'constructor')
}


const freeze = (it) => {
  for (const name of ownKeys(it)) {
    if (typeof it[name] === 'object') freeze(it[name])
  }
  return frozen(it)
}
for (const name of Reflect.ownKeys(realm)) {
  if (!globals.includes(name)) remove(realm, name)
}
const given = { util, runtime, console, extensions: {} }
for (const name of ownKeys(given)) {
  realm[name] = freeze(given[name])
}
