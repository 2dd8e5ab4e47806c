import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { VERBS } from '../commands/catalog.ts'
import { flagsOf, type VerbName } from './flags.ts'
import { callVarve, varve } from './testing/start-command.ts'

const verbs = VERBS.flatMap((verb) => ('verbs' in verb ? verb.verbs : [verb]))
const shown = verbs.filter(({ isHidden }) => isHidden !== true).map(({ name }) => name)
const call = (...argv: string[]) => callVarve(argv)

/** Starts the program; each module that it imports is a line on standard error. */
function importsOf(...argv: string[]): readonly string[] {
  const hook = `
    import { writeSync } from 'node:fs'
    import { registerHooks } from 'node:module'
    const urls = []
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context)
        urls.push(resolved.url)
        return resolved
      },
    })
    process.on('exit', () => writeSync(2, urls.join('\\n')))`
  const [node, ...parameters] = varve(...argv)
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]
  const { status, stderr } = spawnSync(node!, [...preload, ...parameters], { encoding: 'utf8' })
  expect(status).toBe(0)
  return stderr.split('\n')
}

// Each test starts processes, side by side with others.
describe('help', { timeout: 120_000 }, () => {
  test.each([[[]], [['--help']], [['-h']]])('of the program %j lists every verb', (argv) => {
    const { code, stdout, stderr } = call(...argv)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name, summary } of VERBS) {
      const line = `  ${name} `
      if (name === 'complete') expect(stdout).not.toContain(line)
      else expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
      expect(summary).toMatch(/^[A-Z].*\.$/)
    }
  })

  test.each([
    [['help'], ['--help']],
    [
      ['help', 'trace', 'stats'],
      ['trace', 'stats', '--help'],
    ],
    [
      ['db', 'help'],
      ['db', '--help'],
    ],
  ])('%j is %j', (words, flag) => {
    expect(call(...words)).toEqual(call(...flag))
  })

  test.each([[['--version']], [['-v']], [['-V']]])('%j prints the version', (argv) => {
    const { code, stdout, stderr } = call(...argv)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}\n$/)
  })

  test.each(shown.map((name) => [name]))('of %s has its flags, examples and exit codes', (name) => {
    const { code, stdout, stderr } = call(...name.split(' '), '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: npm run varve -- ${name} .*\\[options\\]$`, 'm'))
    for (const flag of flagsOf(name).keys())
      expect(stdout).toMatch(new RegExp(`^  --${flag}\\b`, 'm'))
    expect(stdout).toMatch(/^Examples:\n {2}npm run varve -- /m)
    expect(stdout).toMatch(/^Exit codes: 0 .*/m)
  })

  test('each verb has --quiet, --debug and --help', () => {
    for (const name of verbs.map((verb) => verb.name)) {
      expect([...flagsOf(name).keys()]).toEqual(expect.arrayContaining(['quiet', 'debug', 'help']))
    }
  })

  test.each([[['--help']], [['exp', '--help']], [['trace', 'stats', '--help']], [['db']]])(
    '%j loads neither engine nor schemas',
    (argv) => {
      const imports = importsOf(...argv)
      expect(imports.some((url) => url.endsWith('/cli/help.ts'))).toBe(true)
      const heavy = imports.filter((url) =>
        /\/(zod|vega|cli-table3)\/|\/engine\/(?!base\/)/.test(url),
      )
      expect(heavy).toEqual([])
    },
  )
})

describe('mistakes: one line, exit code 2', { timeout: 120_000 }, () => {
  test.each([
    [['exq'], 'varve: unknown command "exq"; did you mean "exp"?'],
    [['verify', 'folder'], 'varve: unknown command "verify"; did you mean "db verify"?'],
    [['stats'], 'varve: unknown command "stats"; did you mean "db stats"?'],
    [['trace', 'stat'], 'trace: unknown command "stat"; did you mean "stats"?'],
    [
      ['db', '--quiet'],
      'db: no command before --quiet; known: verify, dump, stats, export, checkpoint, ingest, repair, compact',
    ],
    [['--seed=1'], expect.stringMatching(/^varve: no command before --seed=1; known: exp, /)],
    [['exp', 'tiering'], 'exp: unexpected argument "tiering"'],
    [['tidy'], 'tidy: name results: .json files or their folders'],
    [['tune', '--reads=1', '--quite'], expect.stringMatching(/^tune: .* did you mean "--quiet"\?/)],
  ])('%j', (argv, line) => {
    const { code, stdout, stderr } = call(...argv)
    expect({ code, stdout, line: stderr.trimEnd() }).toEqual({ code: 2, stdout: '', line })
    expect(stderr.trimEnd()).not.toContain('\n')
  })
})

test('the type of verbs has exactly the existing names', () => {
  const names: readonly VerbName[] = verbs.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
