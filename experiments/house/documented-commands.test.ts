import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { flagsOf as verbFlags } from '../cli/flags.ts'
import { VERBS } from '../commands/catalog.ts'
import { codeSpans, documentedCommands, faultOf } from './documented-commands.ts'

const root = join(import.meta.dirname, '../..')

const found = (...lines: string[]) => documentedCommands('a.md', lines.join('\n'))

test('a command is a line of a shell fence, without its comment', () => {
  const text = [
    'npm run before',
    '```sh',
    '# a remark',
    'npm run exp -- --a=b#c   # why',
    '',
    'x # y',
    '```',
  ]
  expect(found(...text, 'npm run after', '```ts', 'const a = 1', '```')).toEqual([
    { document: 'a.md', line: 4, command: 'npm run exp -- --a=b#c' },
    { document: 'a.md', line: 6, command: 'x' },
  ])
})

test('continued lines are one command, at its first line', () => {
  expect(found('```sh', 'db_bench --a \\', '  --b   # why', 'next', '```')).toEqual([
    { document: 'a.md', line: 2, command: 'db_bench --a   --b' },
    { document: 'a.md', line: 4, command: 'next' },
  ])
})

test.each([
  [['```', 'npm run exp', '```'], 'a.md:2: a command in a fence that is not sh'],
  [['```bash', 'npm run exp', '```'], 'a.md:2: a command in a fence that is not sh'],
  [['```sh', 'npm run exp \\', '```'], 'a.md:2: a command goes on past its fence'],
  [['```sh', 'npm run exp'], 'a.md: its last fence is not closed'],
  [['1. x', '', '   ```sh', '   npm run exp', '   ```'], 'a.md:3: an indented fence'],
])('%j would not be run, and is refused', (lines, message) => {
  expect(() => found(...lines)).toThrow(message)
})

test('code spans may continue on the next line; none comes from a fence', () => {
  const text = ['Use `npm run', '  exp` or `--a`.', '```sh', 'x `y`', '```', '`z`']
  expect(codeSpans(text.join('\n'))).toEqual(['npm run exp', '--a', 'z'])
})

test.each([
  ['npm run exp -- --seed=1', null],
  ['VARVE_TEST_SEED=7 npm run exp', null],
  ['npm run varve -- trace stats --json', null],
  ['npx varve exp --seed=1', null],
  ['varve <verb>', null],
  ['varve trace --help', null],
  ['varve', null],
  ['varve/strategies', null],
  ['npm test', null],
  ['npm ci', null],
  ['npm run test -- --anything', null],
  ['--seed', null],
  ['a word', null],
  ['npm run exq', 'there is no script exq'],
  ['npm run exp -- --seeds=1', 'exp has no --seeds'],
  ['npm run varve -- exp --json', 'exp has no --json'],
  ['varve exq --seed=1', 'there is no verb exq'],
  ['varve trace stat', 'there is no verb trace stat'],
  ['--seed=1 --arrivel=x', 'no verb has --arrivel'],
])('the fault of the span %s: %s', (span, fault) => {
  const main = 'node experiments/main.ts'
  const scripts = { exp: `${main} exp`, varve: main, test: 'vitest' }
  const flagsOf = new Map([
    ['exp', new Set(['--seed', '--rate'])],
    ['trace stats', new Set(['--json'])],
  ])
  expect(faultOf(span, { scripts, flagsOf })).toBe(fault)
})

describe('every document', () => {
  const documents = globSync('**/*.md', {
    cwd: root,
    exclude: ['**/node_modules/**', 'out/**', 'dist/**'],
  })
    .filter((path) => path !== 'CHANGELOG.md')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

  test('names only commands and flags that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const verbs = VERBS.flatMap((verb) => ('verbs' in verb ? verb.verbs : [verb]))
    const flagsOf = new Map(
      verbs.map(({ name }) => [
        name,
        new Set(
          verbFlags(name)
            .keys()
            .map((flag) => `--${flag}`),
        ),
      ]),
    )
    const spans = documents.flatMap(({ path, text }) =>
      codeSpans(text).map((span) => ({ path, span, fault: faultOf(span, { scripts, flagsOf }) })),
    )
    expect(spans.length).toBeGreaterThan(300)
    expect(spans.filter(({ fault }) => fault !== null)).toEqual([])
  })

  test('links only to files that exist', () => {
    const links = documents.flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, to]) => ({ path, to: to! })),
    )
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter(({ path, to }) => !existsSync(join(root, dirname(path), to)))).toEqual([])
  })
})
