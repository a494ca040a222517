// Runs AWS's linter: `node lint.mjs FOLDER FILE...` prints its errors as JSON.
import plugin from '@aws-appsync/eslint-plugin'
import { ESLint } from 'eslint'
import { relative } from 'node:path'

const [folder, ...files] = process.argv.slice(2)
const eslint = new ESLint({
  cwd: folder,
  overrideConfigFile: true,
  overrideConfig: [
    plugin.configs.recommended,
    { languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: folder } } },
  ],
})
const results = await eslint.lintFiles(files)
const found = results.flatMap(({ filePath, messages }) =>
  messages
    .filter(({ severity }) => severity === 2)
    .map(({ line, column, ruleId, message }) => ({
      file: relative(folder, filePath),
      line,
      column,
      rule: ruleId,
      message,
    })),
)
console.log(JSON.stringify(found))
