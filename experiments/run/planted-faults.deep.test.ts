/**
 * Plants faults that lose data in copies of the engine, and expects the run's gate `answers` to
 * fail. The source is mutated, not mocked. A mutation whose place no longer exists fails the test
 * and must be rewritten.
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { parseResult } from '../../results/parse-result.ts'

const TOP = fileURLToPath(new URL('../..', import.meta.url))
const ROOMS = ['engine', 'strategies', 'workloads', 'results', 'experiments']

/**
 * Runs `exp` in a copy of the checkout in which `find` in the engine's file `path` is replaced by
 * `replace`.
 */
async function runWith(path: string, find: string, replace: string, flags: readonly string[]) {
  const top = mkdtempSync(join(tmpdir(), 'varve-faults-'))
  onTestFinished(() => rmSync(top, { recursive: true }))
  const filter = (source: string) => !/\.test\.ts$|results\/.*\.json$/.test(source)
  for (const room of ROOMS) cpSync(join(TOP, room), join(top, room), { recursive: true, filter })
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(TOP, file), join(top, file))
  symlinkSync(join(TOP, 'node_modules'), join(top, 'node_modules'))
  const file = join(top, 'engine', path)
  const parts = readFileSync(file, 'utf8').split(find)
  expect(parts, `places of ${find} in ${path}`).toHaveLength(2)
  writeFileSync(file, parts.join(replace))
  const main = join(top, 'experiments/main.ts')
  const out = join(top, 'out')
  const run = promisify(execFile)(process.execPath, [
    main,
    'exp',
    ...flags,
    '--quiet',
    `--out=${out}`,
  ])
  const { code, stderr } = await run.then(
    (ended) => ({ code: 0, stderr: ended.stderr }),
    (failed: { code: number; stderr: string }) => failed,
  )
  const name = readdirSync(out).find((entry) => entry.endsWith('-r0.json'))!
  const result = parseResult(readFileSync(join(out, name), 'utf8'), name)
  const gate = result.gates.find((one) => one.name === 'answers')!
  return { code, stderr, gate, answers: result.deterministic.answers! }
}

const BASE = ['--storage=memory', '--value-bytes=100', '--set=memtableBytes=64KiB']
const YCSB = [...BASE, '--records=10000', '--operations=10000', '--workload=ycsb-a']
const SCANS = [...BASE, '--records=10000', '--operations=300', '--workload=ycsb-e']
const DELETES = [...BASE, '--records=5000', '--operations=5000', '--workload=randomwithverify']

/** Counts the calls at its place, over the whole process. */
const everyTenThousandth = 'globalThis.planted = (globalThis.planted ?? 0) + 1) % 10_000 === 0'

test.each<[fault: string, path: string, find: string, replace: string, flags: readonly string[]]>([
  [
    'a merge drops one key of ten thousand',
    'compaction/merge-rules.ts',
    '    sink.add(source)\n',
    `    if (!((${everyTenThousandth})) sink.add(source)\n`,
    YCSB,
  ],
  [
    'a get of a level finds its older run first',
    'db/reads.ts',
    'for (const run of levels[level]!.runs) {',
    'for (const run of levels[level]!.runs.toReversed()) {',
    YCSB,
  ],
  [
    'a merge drops every tombstone',
    'compaction/merge-rules.ts',
    '      !sink.olderMayHold(key, 0, keyLength)\n',
    '      keyLength > 0\n',
    DELETES,
  ],
  [
    'a merge keeps the older of two versions',
    'compaction/merge-rules.ts',
    'const isShadowed = sameKey && own === stripe',
    'const isShadowed = !sameKey && source.seq % 1000 === 0 && own >= 0',
    YCSB,
  ],
  [
    'a scan passes over one key of ten thousand',
    'iterators/visible-cursor.ts',
    'if (child.kind !== ENTRY_KIND.deletion) {',
    `if (child.kind !== ENTRY_KIND.deletion && !((${everyTenThousandth})) {`,
    SCANS,
  ],
])('%s: the gate fails, and so does the run', { timeout: 120_000 }, async (_, ...fault) => {
  const { code, stderr, gate, answers } = await runWith(...fault)
  expect(gate.passed).toBe(false)
  expect(gate.why).toMatch(/^\d+ wrong of \d+ gets and \d+ entries of scans/)
  expect(answers.wrong).toBeGreaterThan(0)
  expect(answers.mismatches.length).toBeGreaterThan(0)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^exp: \S+-r0: answers are not what was written: \d+ wrong of [^\n]+\n$/)
})

test('the unchanged engine passes the gate, on every kind of operation', {
  timeout: 120_000,
}, async () => {
  for (const flags of [YCSB, SCANS, DELETES]) {
    const { code, gate, answers } = await runWith('base/json.ts', 'type Json', 'type Json', flags)
    expect({ code, passed: gate.passed, wrong: answers.wrong }).toEqual({
      code: 0,
      passed: true,
      wrong: 0,
    })
    if (flags === SCANS) expect(answers.scans).toBeGreaterThan(5)
  }
})
