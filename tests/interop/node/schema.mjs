// What ajv objects to in YAML files: `node schema.mjs SCHEMA FILE...` prints, for each file, the
// keywords that it does not meet, as JSON.
import Ajv from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const [schema, ...files] = process.argv.slice(2)
// Not strict, for the schema has keywords that only provision and editors know; formats such as
// `uint32` say nothing that `minimum` does not.
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')))
const found = files.map((file) => {
  validate(parse(readFileSync(file, 'utf8')))
  return (validate.errors ?? []).map(({ keyword }) => keyword)
})
console.log(JSON.stringify(found))
