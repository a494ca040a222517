// Holds JSON documents against a schema with ajv: those in FOLDER/right must fit, those in
// FOLDER/wrong must not. Ends with what is otherwise, and then with exit code 1.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv/dist/2020.js'

const [schema, folder] = process.argv.slice(2)
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
// Our own keywords, and those of editors, say nothing of what is right.
const fits = new Ajv.default({ strict: false, allErrors: true }).compile(read(schema))

let count = 0
const otherwise = []
for (const kind of ['right', 'wrong']) {
  const names = readdirSync(join(folder, kind)).filter((name) => name.endsWith('.json'))
  for (const name of names) {
    const document = read(join(folder, kind, name))
    count += 1
    if (fits(document) !== (kind === 'right')) {
      otherwise.push(`${kind}: ${JSON.stringify(document)} ${JSON.stringify(fits.errors)}`)
    }
  }
}
console.log([`${count} documents`, ...otherwise].join('\n'))
process.exitCode = otherwise.length > 0 || count === 0 ? 1 : 0
