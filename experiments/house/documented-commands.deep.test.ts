/**
 * Runs every command of every document as written, document by document, each in a new copy of the
 * checkout, and expects exit code 0. Commands that are left out or made shorter are listed here,
 * with the reason. `VARVE_DOCUMENTS=full` shortens nothing and prints the seconds of each command.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type DocumentedCommand, documentedCommands } from './documented-commands.ts'

const root = join(import.meta.dirname, '../..')
const isFull = process.env.VARVE_DOCUMENTS === 'full'

/** Commands that are not run, with the reason. */
const LEFT_OUT: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^(npm ci && )?npm test$/, 'these are the tests'],
  [/^db_bench /, 'a tool of RocksDB that is missing on some machines'],
  [/=FOLDER/, 'a folder that the reader has'],
]

/** Not tested: the copy uses the packages of this checkout, through a link. */
const INSTALLS = /^npm ci && /

/** In any other place it would remove the packages of this checkout. */
const CHANGES_PACKAGES = /\bnpm (ci|install)\b/

/** Commands that take more than ten seconds, with a shorter form. The first match is used. */
const SHORTER: readonly (readonly [command: RegExp, shorter: (command: string) => string])[] = [
  // Each suite has its own test, which runs it at smoke scale. One is run here, for the command;
  // of the others only the names are looked up.
  [/--suite=(?!counts)/, (command) => command.replace(/--suite=(\S+)( --scale=\S+)?/, '--list=$1')],
  [/--suite=|--list|--user-bytes=|--trace=/, (command) => command],
  [/--repeat=10/, (command) => `${command.replace('=10', '=2')} --records=2000 --operations=2000`],
  // A story needs events, so it needs many memtables.
  [
    /--versions$/,
    (command) => `${command} --records=2000 --operations=2000 --set=memtableBytes=64KiB`,
  ],
  [/--records=/, (command) => command.replace(/--(records|operations)=\S+/g, '--$1=2000')],
  [/^npm run exp -- /, (command) => `${command} --records=2000 --operations=2000`],
  [/^npm run trace -- record /, (command) => `${command} --records=2000 --operations=2000`],
  [/simulator-growth/, (command) => command.replace('256,1024', '1,4')],
  [
    /^npm run bench:peers -- --quick$/,
    () => 'npm run bench:peers -- --entries=200 --rounds=1 --only=varve-inline,fillseq',
  ],
  [/^npm run bench$/, (command) => `${command} -- 'bloom build'`],
  [/--runs=500$/, (command) => command.replace('--runs=500', '--runs=5')],
  [/^npm run conform -- (?!--list)/, (command) => `${command} --runs=5`],
]

const documents = globSync('**/*.md', {
  cwd: root,
  exclude: ['**/node_modules/**', 'dist/**', 'out/**'],
})
  .filter((path) => path !== 'CHANGELOG.md')
  .sort()
  .map((path) => ({
    path,
    commands: documentedCommands(path, readFileSync(join(root, path), 'utf8')),
  }))
  .filter(({ commands }) => commands.length > 0)

const copies: string[] = []
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
}, 120_000)

/** A repository with all files of this checkout that git tracks or would add, and its packages. */
function freshCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'varve-documents-'))
  copies.push(copy)
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const names = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0')
  for (const name of names.filter((name) => name !== '')) {
    mkdirSync(join(copy, dirname(name)), { recursive: true })
    cpSync(join(root, name), join(copy, name))
  }
  for (const packages of ['node_modules', 'docs/node_modules']) {
    symlinkSync(join(root, packages), join(copy, packages))
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: copy })
  git('init', '--quiet')
  git('add', '--all')
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '--message=copy')
  return copy
}

function asRun(command: string): string {
  const given = command.replace(INSTALLS, '')
  if (CHANGES_PACKAGES.test(given)) throw new Error(`${command}: write "npm ci && …"`)
  if (isFull) return given
  return SHORTER.find(([pattern]) => pattern.test(given))?.[1](given) ?? given
}

function run(command: string, copy: string) {
  const started = performance.now()
  const ended = spawnSync('bash', ['-c', command], { cwd: copy, encoding: 'utf8', input: '' })
  const seconds = (performance.now() - started) / 1000
  if (isFull) process.stdout.write(`${seconds.toFixed(1)} s: ${command}\n`)
  return { code: ended.status, said: `${ended.stdout.slice(-2000)}${ended.stderr.slice(-2000)}` }
}

/** New and changed files that git would show in a copy in which someone has worked. */
function strangers(copy: string): string {
  return execFileSync('git', ['status', '--porcelain'], { cwd: copy, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('??'))
    .join('\n')
}

/** Runs the commands in order; the error of the first that fails names its place. */
function follow(commands: readonly DocumentedCommand[], copy: string): void {
  for (const { document, line, command } of commands) {
    if (LEFT_OUT.some(([pattern]) => pattern.test(command))) continue
    const { code, said } = run(asRun(command), copy)
    expect(code, `${document}:${line}: ${command}\n${said}`).toBe(0)
  }
}

describe('every command of', () => {
  test.each(documents)('$path runs as written', ({ commands }) => {
    const copy = freshCopy()
    follow(commands, copy)
    expect(strangers(copy), 'git ignores all files that commands leave').toBe('')
  })

  test('the error of a wrong document names file, line and command', () => {
    const planted = documentedCommands(
      'a.md',
      '```sh\nnpm run exp -- --list\nnpm run trace -- x\n```',
    )
    expect(() => follow(planted, freshCopy())).toThrow(
      /a\.md:3: npm run trace -- x\n.*unknown command/s,
    )
  })
})

test('every rule that leaves out or shortens a command matches a document', () => {
  const commands = documents.flatMap((document) => document.commands.map(({ command }) => command))
  expect(commands.length).toBeGreaterThan(30)
  for (const [pattern] of [...LEFT_OUT, ...SHORTER]) {
    expect(
      commands.some(
        (command) => pattern.test(command.replace(INSTALLS, '')) || pattern.test(command),
      ),
      String(pattern),
    ).toBe(true)
  }
})
