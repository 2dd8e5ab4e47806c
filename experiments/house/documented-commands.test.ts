import { expect, test } from 'vitest'
import { documentedCommands } from './documented-commands.ts'

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
])('%j would run nowhere, and is refused', (lines, message) => {
  expect(() => found(...lines)).toThrow(message)
})
