// Validates YAML files with ajv: `node schema.mjs SCHEMA FILE...` prints the keywords of the errors in
// each file, as JSON.
import Ajv from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const [schema, ...files] = process.argv.slice(2)
// Not strict, because the schema has keywords that only provision and editors know; formats such as
// `uint32` add nothing to `minimum`.
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')))
const found = files.map((file) => {
  validate(parse(readFileSync(file, 'utf8')))
  return (validate.errors ?? []).map(({ keyword }) => keyword)
})
console.log(JSON.stringify(found))
