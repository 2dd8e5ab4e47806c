import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { refuseFlagsKeptByNpm } from './npm-flags.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-npmrc-'))
afterAll(() => rmSync(folder, { recursive: true }))

const specs = new Map([
  ['strategy', { value: 'NAME,…' }],
  ['value-bytes', { value: 'SIZE' }],
  ['param', { value: 'NAME=VALUE' }],
  ['force', { value: null }],
])

/** The error of `npm run exp` with `kept` in the environment; '' if there is none. */
function told(kept: Record<string, string>, argv: readonly string[] = [], command = 'exp') {
  try {
    refuseFlagsKeptByNpm(command, argv, specs, { npm_lifecycle_event: 'exp', ...kept })
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test.each([
  [{ npm_config_strategy: 'leveling' }, [], 'npm run exp -- --strategy=leveling'],
  [{ npm_config_value_bytes: '1k' }, ['--seed=1'], 'npm run exp -- --seed=1 --value-bytes=1k'],
  [{ npm_config_param: 'T=4\n\nK=3' }, [], 'npm run exp -- --param=T=4 --param=K=3'],
  [{ npm_config_value_bytes: 'true' }, ['10'], 'npm run exp -- --value-bytes=10'],
  [{ npm_config_value_bytes: '' }, [], 'npm run exp -- --value-bytes=SIZE'],
  [{ npm_config_force: 'true' }, [], 'npm run exp -- --force'],
])('%j is refused with the command that was meant', (kept, argv, meant) => {
  expect(told(kept, argv)).toMatch(/^npm took --[\w-]+ for itself; write -- before the flags: /)
  expect(told(kept, argv)).toContain(`: ${meant}`)
})

test('operands before the flags stay before them', () => {
  const kept = { npm_lifecycle_event: 'trace', npm_config_strategy: 'x' }
  expect(told(kept, ['a.trace'], 'trace stats')).toContain(
    ': npm run trace -- stats a.trace --strategy=x',
  )
})

test('the script of the whole program works for every command', () => {
  const kept = { npm_lifecycle_event: 'varve', npm_config_strategy: 'x' }
  expect(told(kept, ['a.trace'], 'trace stats')).toContain(
    ': npm run varve -- trace stats a.trace --strategy=x',
  )
})

test('settings of npm and flags of other commands are ignored', () => {
  writeFileSync(join(folder, '.npmrc'), '; comment\nforce = true\nstrategy=leveling\n')
  const kept = { npm_config_force: 'true', npm_config_strategy: 'leveling' }
  expect(told({ ...kept, npm_config_userconfig: join(folder, '.npmrc') })).toBe('')
  expect(told({ ...kept, npm_config_local_prefix: folder })).toBe('')
  expect(told({ npm_config_force: 'true', NPM_CONFIG_FORCE: 'true' })).toBe('')
  expect(told({ npm_config_loglevel: 'warn', npm_config_yes: '' })).toBe('')
  expect(told({ ...kept, npm_lifecycle_event: 'test:unit' })).toBe('')
})

/** An npm that defines two settings. */
const npmPath = join(folder, 'npm', 'bin', 'npm-cli.js')
const definitions = join(folder, 'npm', 'node_modules', '@npmcli', 'config', 'lib', 'definitions')
mkdirSync(definitions, { recursive: true })
writeFileSync(
  join(definitions, 'index.js'),
  "module.exports = { definitions: { loglevel: {}, 'user-agent': {} } }",
)

test.each([
  [{ npm_config_stratgy: 'leveling' }, 'npm run exp -- --stratgy=leveling'],
  [{ npm_config_jsn: 'true' }, 'npm run exp -- --jsn'],
  [
    { npm_config_strategy: 'leveling', npm_config_no_such: '1' },
    'npm run exp -- --strategy=leveling --no-such=1',
  ],
])('%j, which neither the command nor npm defines, is refused', (kept, meant) => {
  expect(told({ npm_execpath: npmPath, ...kept })).toContain(`: ${meant}`)
  // Without npm's own list it is unknown which names are foreign.
  if (!('npm_config_strategy' in kept)) expect(told(kept)).toBe('')
})

test('names that npm defines, exports or reads from an .npmrc are not foreign', () => {
  writeFileSync(join(folder, '.npmrc'), 'sass_binary_site=x\n')
  const kept = {
    npm_execpath: npmPath,
    npm_config_local_prefix: folder,
    npm_config_loglevel: 'warn',
    npm_config_user_agent: 'npm',
    npm_config_npm_version: '11',
    npm_config_sass_binary_site: 'x',
  }
  expect(told(kept)).toBe('')
})

test('npm itself leaves the variables that the check reads', { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['run', '--silent', 'exp', '--strategy=leveling', '--records', '10'],
    { cwd: join(import.meta.dirname, '..', '..'), encoding: 'utf8' },
  )
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain('npm run exp -- --strategy=leveling --records=10\n')
  const mistyped = spawnSync('npm', ['run', '--silent', 'gallery', '--stratgy=leveling'], {
    cwd: join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
  })
  expect(mistyped.stderr).toContain('npm run gallery -- --stratgy=leveling\n')
})
