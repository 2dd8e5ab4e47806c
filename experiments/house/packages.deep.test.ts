/**
 * Packs both packages, installs them into an empty folder and uses them there like a new user,
 * under each supported line of Node. Needs npm and a registry. Without a registry the tests are
 * skipped with a message; if `VARVE_REQUIRE_REGISTRY` is set they fail instead.
 */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { makeFolder } from '../base/make-folder.ts'
import { buildPackages } from './build.ts'

const top = join(import.meta.dirname, '../..')
const root = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'varve-packages-'))
const app = join(folder, 'app')
/** The duration of an install depends on the network and the machine. */
const HOOK_MS = 300_000
afterAll(() => rmSync(folder, { recursive: true, force: true }), HOOK_MS)

/** The oldest supported line of Node, tested in addition to the one that runs the tests. */
const OLDEST = '22.23.5'
const OLDEST_PACKAGE = `node-linux-${process.arch}`

const PACKAGES_MAX = 30
const BYTES_MAX = 30e6

/** A strategy in a user's folder. */
const OWN_STRATEGY = `import { defineStrategy, STRATEGIES } from 'varve/strategies'
import { z } from 'zod'

const tiering = STRATEGIES.get('tiering').create()

export default defineStrategy({
  name: 'mine',
  description: 'As tiering',
  params: z.object({}),
  primitives: {
    trigger: ['sorted runs'],
    layout: 'tiering',
    granularity: ['level'],
    movement: ['not applicable (entire runs)'],
  },
  pick: (view) => tiering.pick(view),
})
`

/** Prints the files that one import gives to the program and to a module of the user. */
const WHICH_FILES = `import { createRequire } from 'node:module'
const program = createRequire(import.meta.resolve('varve-lab/package.json'))
const own = createRequire(import.meta.url)
console.log(own.resolve('varve/strategies') === program.resolve('varve/internal/strategies/index.js'))
`

/** A database whose jobs run in threads: the packed worker must be found and must load. */
const THREADS = `import { open } from 'varve'

const db = open('./threads-' + process.version, {
  scheduling: 'threads',
  options: { memtableBytes: 8192 },
})
const bytes = (text) => new TextEncoder().encode(text)
for (let i = 0; i < 1000; i++) await db.put(bytes('key' + i), bytes('value'.repeat(10)))
db.flush()
console.log(db.metrics().flushes > 1, [...db.scan()].length)
db.close()
`

const TYPED = `import { type Database, isLsmError, type LsmErrorCode, open } from 'varve'
import { conform, loadSubject, RULES } from 'varve/conformance'
import { defineStrategy, STRATEGIES, type StrategyModule } from 'varve/strategies'
import { WORKLOADS } from 'varve/workloads'
import type { RunResult } from 'varve-lab/results'

using database: Database = open('./typed', { strategy: 'tiering', strategyParameters: { T: 6 } })
const value: Uint8Array | undefined = database.get(Uint8Array.of(1))
const codeOf = (error: unknown): LsmErrorCode | null => (isLsmError(error) ? error.code : null)
const module: StrategyModule | undefined = STRATEGIES.get('tiering')
const held = [...conform(await loadSubject('tiering'), { seed: 1, runs: 1 }, RULES)].length
const written = (result: RunResult): number => result.deterministic.phases.length
export { codeOf, defineStrategy, held, module, value, WORKLOADS, written }
// @ts-expect-error: a folder is a text
open(7)
`

const TYPE_CHECK = {
  compilerOptions: {
    module: 'nodenext',
    strict: true,
    // The example is JavaScript.
    noImplicitAny: false,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  },
  files: ['example.ts', 'typed.ts'],
}

interface Place {
  readonly cwd?: string
  /** Folder of a `node` that is put first on the path. */
  readonly bin?: string
}

function run([program, ...rest]: readonly string[], { cwd = app, bin }: Place = {}) {
  const path = [bin, process.env.PATH].filter((part) => part !== undefined).join(delimiter)
  // npm sets variables for the scripts of this checkout; they must not reach npm in another folder.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:package|lifecycle|config_local_prefix)|^NODE_/i.test(name),
  )
  const env = { ...Object.fromEntries(inherited), PATH: path }
  return spawnSync(program!, rest, { cwd, env, encoding: 'utf8' })
}

/** The standard output. Fails unless the process ended with success. */
function printed({ status, stdout, stderr, error }: SpawnSyncReturns<string>): string {
  expect(status, `${error ?? ''}${stdout.slice(-2000)}${stderr.slice(-2000)}`).toBe(0)
  return stdout
}

const install = (...packages: readonly string[]) =>
  run([
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--prefer-offline',
    ...packages,
  ])

/**
 * Makes the user's folder and installs the oldest Node. Returns null, or why it is not available.
 */
function prepare(): string | null {
  const tools = join(folder, 'tools')
  const get = [
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--prefer-offline',
    '--prefix',
    tools,
  ]
  const { status, stderr, error } = run([...get, `${OLDEST_PACKAGE}@${OLDEST}`], { cwd: folder })
  return status === 0 ? null : `${error ?? stderr.split('\n')[0]}`
}

const missing = prepare()
if (missing !== null) {
  rmSync(folder, { recursive: true, force: true })
  const message = `npm cannot install ${OLDEST_PACKAGE}: ${missing}`
  if (process.env.VARVE_REQUIRE_REGISTRY) throw new Error(message)
  console.warn(`SKIPPED, ${message}`)
}

const NODES = [
  [OLDEST, join(folder, 'tools/node_modules', OLDEST_PACKAGE, 'bin')],
  [process.versions.node, dirname(process.execPath)],
] as const

const SMALL = ['--workload=ycsb-a', '--records=1000', '--operations=1000', '--quiet', '--force']

function resultIn(out: string): RunResult {
  const [path] = globSync(`${out}/*-r0.json`, { cwd: app })
  return JSON.parse(readFileSync(join(app, path!), 'utf8'))
}

const archiveOf = (name: string) => join(folder, `${name}-${root.version}.tgz`)

const varve = (bin: string, ...parameters: readonly string[]) =>
  printed(run(['npx', '--no', '--', 'varve', ...parameters], { bin }))

describe.skipIf(missing !== null)('the packages, installed', () => {
  beforeAll(() => {
    const places = buildPackages(join(folder, 'dist'))
    printed(run(['npm', 'pack', '--pack-destination', folder, ...places], { cwd: folder }))
    makeFolder(app)
    writeIn('package.json', JSON.stringify({ type: 'module' }))
    writeIn('example.js', exampleOf(readFileSync(join(top, 'README.md'), 'utf8')))
    printed(install(archiveOf('varve')))
  }, HOOK_MS)

  test('varve has few dependencies', () => {
    const packages = globSync('node_modules/{*,@*/*}/package.json', { cwd: app })
    const files = globSync('node_modules/**', { cwd: app, withFileTypes: true })
    const bytes = files
      .filter((file) => file.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
    process.stdout.write(`varve: ${packages.length} packages, ${(bytes / 1e6).toFixed(1)} MB\n`)
    expect(packages.length).toBeGreaterThan(1)
    expect(packages.length).toBeLessThanOrEqual(PACKAGES_MAX)
    expect(bytes).toBeLessThanOrEqual(BYTES_MAX)
  })

  test.each(NODES)('the README’s example runs under Node %s', (_version, bin) => {
    rmSync(join(app, 'data'), { recursive: true, force: true })
    expect(printed(run(['node', 'example.js'], { bin }))).toMatch(/^plum blue$/m)
  })

  describe('with the program', () => {
    beforeAll(() => {
      const types = `@types/node@${root.devDependencies['@types/node']}`
      printed(install(archiveOf('varve'), archiveOf('varve-lab'), types))
      writeIn('mine.js', OWN_STRATEGY)
    }, HOOK_MS)

    test('the example and the public types pass the compiler', () => {
      writeIn('example.ts', readFileSync(join(app, 'example.js'), 'utf8'))
      writeIn('typed.ts', TYPED)
      writeIn('tsconfig.json', JSON.stringify(TYPE_CHECK))
      const compiler = join(top, 'node_modules/typescript/bin/tsc')
      printed(run([process.execPath, compiler, '-p', app]))
    })

    test('the program and a strategy in the folder share the modules of varve', () => {
      expect(globSync('node_modules/**/varve/package.json', { cwd: app })).toHaveLength(1)
      const copies = globSync('node_modules/varve-lab/{engine,strategies,workloads}', { cwd: app })
      expect(copies).toEqual([])
      writeIn('which.js', WHICH_FILES)
      expect(printed(run(['node', 'which.js'])).trim()).toBe('true')
    })

    describe.each(NODES)('under Node %s', (version, bin) => {
      const out = `out-${version}`

      test('an experiment gives the figures of the checkout', () => {
        const flags = ['--strategy=tiering', ...SMALL]
        varve(bin, 'exp', ...flags, `--out=${out}`)
        const program = [process.execPath, join(top, 'experiments/main.ts'), 'exp']
        printed(run([...program, ...flags, '--out=checkout']))
        const [packed, expected] = [resultIn(out), resultIn('checkout')]
        expect(packed.environment.node).toBe(`v${version}`)
        expect(packed.environment.varveVersion).toBe(expected.environment.varveVersion)
        expect(packed.deterministic).toEqual(expected.deterministic)
        expect(packed.command).toEqual(['npx', 'varve', 'exp', ...expected.command.slice(4)])
      })

      test('a user’s strategy runs, and passes the conformance kit', () => {
        varve(bin, 'exp', '--strategy=./mine.js', ...SMALL, `--out=${out}-mine`)
        expect(resultIn(`${out}-mine`).config.strategy.name).toBe('mine')
        expect(varve(bin, 'conform', './mine.js', '--runs=5')).toMatch(/26 rules hold, 0 broken/)
      })

      test('flushes and merges run in threads', () => {
        writeIn('threads.js', THREADS)
        expect(printed(run(['node', 'threads.js'], { bin })).trim()).toBe('true 1000')
      })

      test('a store that is not installed gives an error of one line', () => {
        const { status, stderr } = run(
          ['npx', '--no', '--', 'varve', 'exp', '--target=leveldb', ...SMALL],
          { bin },
        )
        expect(stderr).toMatch(
          /^exp: --target=leveldb: package classic-level is not installed: .*\n$/,
        )
        expect(status).toBe(2)
      })

      test('help, a chart and a report', () => {
        expect(varve(bin, '--help')).toContain('varve')
        varve(bin, 'chart', out, '--kind=run', '--format=html,png,pdf', `--out=${out}`)
        expect(globSync(`${out}/*.{html,png,pdf}`, { cwd: app }).length).toBeGreaterThanOrEqual(3)
        varve(bin, 'report', out, `--out=${out}/report.html`)
        expect(existsSync(join(app, out, 'report.html'))).toBe(true)
      })
    })
  })
})

function writeIn(name: string, text: string): void {
  writeFileSync(join(app, name), text)
}

/** The example in a document that opens a database. */
function exampleOf(text: string): string {
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!)
  const example = blocks.find((code) => code.includes("from 'varve'"))
  if (example === undefined) throw new Error('README.md has no example that imports from varve')
  return example
}
