import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeSpans, documentedCommands, faultOf, type Known } from './documented-commands.ts'

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
  ['npm test', null],
  ['npm ci', null],
  ['npm run test -- --anything', null],
  ['--seed', null],
  ['a word', null],
  ['npm run exq', 'there is no script exq'],
  ['npm run exp -- --seeds=1', 'exp has no --seeds'],
  ['--seed=1 --arrivel=x', 'no command has --arrivel'],
])('the fault of the span %s: %s', (span, fault) => {
  const flags = new Set(['--seed', '--rate'])
  const flagsOf = (script: string) => (script === 'exp' ? flags : null)
  expect(faultOf(span, { scripts: new Set(['exp', 'test']), flagsOf, flags })).toBe(fault)
})

/** Flags in documents that belong to other programs. */
const FLAGS_OF_OTHERS = ['--benchmarks', '--use_existing_db']

function knownHere(): Known {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const ours = Object.keys(scripts).filter((name) =>
    /^node .*experiments\/(main|commands)/.test(scripts[name]),
  )
  const flags = new Map(ours.map((script) => [script, flagsInHelp(scripts[script])]))
  return {
    scripts: new Set(Object.keys(scripts)),
    flagsOf: (script) => flags.get(script) ?? null,
    flags: new Set([...flags.values().flatMap((known) => [...known]), ...FLAGS_OF_OTHERS]),
  }
}

function flagsInHelp(script: string): ReadonlySet<string> {
  const [, ...args] = script.split(' ')
  const help = execFileSync(process.execPath, [...args, '--help'], { cwd: root, encoding: 'utf8' })
  return new Set(['--help', ...(help.match(/--[a-z][a-z-]*/g) ?? [])])
}

describe('every document', () => {
  const documents = globSync('**/*.md', {
    cwd: root,
    exclude: ['**/node_modules/**', 'dist/**', 'out/**'],
  })
    .filter((path) => path !== 'CHANGELOG.md')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

  test('names only commands and flags that exist', () => {
    const known = knownHere()
    const faults = documents.flatMap(({ path, text }) =>
      codeSpans(text).map((span) => ({ path, span, fault: faultOf(span, known) })),
    )
    expect(faults.length).toBeGreaterThan(300)
    expect(faults.filter(({ fault }) => fault !== null)).toEqual([])
  }, 120_000)

  test('links only to files that exist', () => {
    const links = documents.flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, to]) => ({ path, to: to! })),
    )
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter(({ path, to }) => !existsSync(join(root, dirname(path), to)))).toEqual([])
  })
})
