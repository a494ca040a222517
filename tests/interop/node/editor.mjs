// Asks the YAML language server, which editors run: `node editor.mjs FOLDER QUESTION...`.
// A question is `{ ask, file, text }` with `|` at the cursor of completion and hover; it prints the
// answers as JSON. Schemas are read from below FOLDER, and nothing is fetched.
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { getLanguageService } from 'yaml-language-server'

Socket.prototype.connect = () => {
  console.error('the language server opens a connection')
  process.exit(1)
}

const [folder, ...questions] = process.argv.slice(2)
const service = getLanguageService({
  schemaRequestService: async (uri) => {
    if (!uri.startsWith(`${pathToFileURL(folder)}/`)) throw new Error(`${uri} is asked for`)
    return readFile(fileURLToPath(uri), 'utf8')
  },
  workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
  // Otherwise the server hides its internal errors.
  telemetry: {
    send() {},
    sendTrack() {},
    sendError(name, error) {
      console.error(name, error)
      process.exit(1)
    },
  },
})
service.configure({ validate: true, hover: true, completion: true, schemas: [] })

const ways = {
  complete: async (document, position) =>
    (await service.doComplete(document, position, false)).items.map(({ label, documentation }) => ({
      label,
      documentation: documentation.value ?? documentation,
    })),
  hover: async (document, position) => (await service.doHover(document, position))?.contents.value,
  check: async (document) =>
    (await service.doValidation(document, false)).map(({ message, range: { start } }) => ({
      message,
      line: start.line + 1,
      column: start.character + 1,
    })),
}
const answers = []
for (const [version, question] of questions.entries()) {
  const { ask, file, text } = JSON.parse(question)
  const cursor = ask === 'check' ? 0 : text.indexOf('|')
  const seen = ask === 'check' ? text : text.replace('|', '')
  // The server caches documents by version.
  const document = TextDocument.create(pathToFileURL(file).href, 'yaml', version, seen)
  answers.push((await ways[ask](document, document.positionAt(cursor))) ?? null)
}
console.log(JSON.stringify(answers))
