/**
 * Shows that each relation between figures catches a figure that breaks it, and that sound results
 * pass.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parseAnyResult } from '../parse-result.ts'
import type { RunResult } from '../schema.ts'
import { samplePeer } from '../testing/sample-peer.ts'
import { sampleResult } from '../testing/sample-result.ts'
import { contradictionsIn } from './contradictions.ts'

const CHECKED_IN = globSync(join(import.meta.dirname, '..', '**/*.json{,.gz}')).filter(
  (path) => !/\.vl\.json$|schema\.json$|\/(suites|races)\//.test(path),
)

test('no checked-in result contradicts itself', () => {
  expect(CHECKED_IN.length).toBeGreaterThan(100)
  for (const path of CHECKED_IN) {
    const bytes = readFileSync(path)
    const text = path.endsWith('.gz') ? gunzipSync(bytes).toString() : bytes.toString()
    expect(contradictionsIn(parseAnyResult(text, path)), path).toEqual([])
  }
})

test.each([{}, { reads: false }, { longScans: true }, { openLoop: 'steady' }] as const)(
  'the sample result of the tests is consistent: %o',
  (options) => {
    expect(contradictionsIn(sampleResult(options))).toEqual([])
  },
)

const AMPLIFICATION = 'deterministic.amplification'

/** A field, a wrong value for it, and the field that the finding names. */
const WRONG: readonly (readonly [field: string, value: unknown, named: string])[] = [
  [`${AMPLIFICATION}.drained.waTotal`, 3, `${AMPLIFICATION}.drained.waTotal`],
  [`${AMPLIFICATION}.drained.waLsm`, null, `${AMPLIFICATION}.drained.waLsm`],
  [`${AMPLIFICATION}.burst.waEntries`, 3, `${AMPLIFICATION}.burst.waEntries`],
  [`${AMPLIFICATION}.drained.waRocksdb`, 3, `${AMPLIFICATION}.drained.waRocksdb`],
  [`${AMPLIFICATION}.drained.waPebble`, 3, `${AMPLIFICATION}.drained.waPebble`],
  [
    `${AMPLIFICATION}.drained.spaceAmplification`,
    0.5,
    `${AMPLIFICATION}.drained.spaceAmplification`,
  ],
  [`${AMPLIFICATION}.burst.userBytes`, 5, `${AMPLIFICATION}.burst.userBytes`],
  [`${AMPLIFICATION}.burst.mergedRawBytes`, 1e12, `${AMPLIFICATION}.burst.mergedRawBytes`],
  ['deterministic.phases.0.userBytes', 5, 'deterministic.phases[].userBytes'],
  [
    'deterministic.phases.0.bytesWrittenByCause.flush',
    1e12,
    'deterministic.phases[].bytesWrittenByCause.flush',
  ],
  [
    'deterministic.until',
    { reached: true, operations: 5, why: '' },
    'deterministic.until.operations',
  ],
  [
    'deterministic.readAmplification.getHit.filterNegatives',
    1e9,
    'deterministic.readAmplification.getHit.filterNegatives',
  ],
  [
    'deterministic.readAmplification.getHit.runsPerOperation',
    99,
    'deterministic.readAmplification.getHit.runsPerOperation',
  ],
  [
    'deterministic.readAmplification.getMiss.operations',
    5,
    'deterministic.readAmplification.getHit.operations',
  ],
  [
    'deterministic.readAmplification.longScan.operations',
    5,
    'deterministic.readAmplification.shortScan.operations',
  ],
  ['deterministic.levels.0.flushedRawBytes', 5, 'deterministic.levels[].flushedRawBytes'],
  ['deterministic.levels.2.bytesWritten', 5, 'deterministic.levels[].bytesWritten'],
  ['deterministic.levels.2.tombstones', 1e9, 'deterministic.levels[2].tombstones'],
  ['deterministic.ledger.cells.0.bytes', 5, `${AMPLIFICATION}.drained.bytesWrittenByCause.wal`],
  ['deterministic.peakPhysicalBytes', 5, `${AMPLIFICATION}.drained.physicalBytes`],
  ['deterministic.series.3.waTotal', 50, 'deterministic.series[3].waTotal'],
  ['deterministic.series.3.runs', 50, 'deterministic.series[3].runs'],
  ['deterministic.series.3.atOperation', 1e9, 'deterministic.series[3].atOperation'],
  ['deterministic.series.60.runs', 4, 'deterministic.series[60].runs'],
  ['deterministic.counts.merges', 5, 'deterministic.events.total'],
  ['timed.latencyByKind.read.p50Us', 50, 'timed.latencyByKind.read.p50Us'],
  ['timed.latencyByKind.read.p999Us', 5_301, 'timed.latencyByKind.read.p999Us'],
  ['timed.latencyByKind.read.meanUs', 5_301, 'timed.latencyByKind.read.meanUs'],
  ['timed.latencyByKind.read.count', 49_999, 'timed.latencyByKind.read.count'],
  ['timed.phases.1.throughputPerSecond', 5, 'timed.phases[1].throughputPerSecond'],
]

test.each(WRONG)('%s = %j is found, and %s is named', (field, value, named) => {
  const result = changed(sampleResult(), field, value)
  expect(contradictionsIn(result).map((found) => found.field)).toContain(named)
})

test('the phases of a value log add up to the whole', () => {
  const work = { segmentsCollected: 0, collectedBytes: 0, collectedLiveBytes: 0 }
  const load = { ...work, appendedBytes: 100, movedBytes: 0, waLog: 1 }
  const run = { ...work, appendedBytes: 50, movedBytes: 50, waLog: 2 }
  const base = sampleResult()
  const { levels, amplification } = base.deterministic
  const treeBytes = levels.reduce((sum, { bytes }) => sum + bytes, 0)
  const { liveLogicalBytes } = amplification.drained
  const log = { ...work, logBytes: 90, liveBytes: 80, garbageBytes: 10, treeBytes, segments: [] }
  const whole = {
    ...log,
    appendedBytes: 150,
    movedBytes: 50,
    waLog: 200 / 150,
    treeSpaceAmplification: treeBytes / liveLogicalBytes,
    logSpaceAmplification: 90 / liveLogicalBytes,
  }
  const separated = [
    ['deterministic.valueLog', whole],
    ['deterministic.phases.0.valueLog', load],
    ['deterministic.phases.1.valueLog', run],
  ] as const
  const result = separated.reduce((so, [field, value]) => changed(so, field, value), base)
  expect(contradictionsIn(result)).toEqual([])
  const fields = (field: string, value: unknown) =>
    contradictionsIn(changed(result, field, value)).map((found) => found.field)
  expect(fields('deterministic.phases.1.valueLog.waLog', 3)).toEqual([
    'deterministic.phases[1].valueLog.waLog',
  ])
  expect(fields('deterministic.phases.0.valueLog', null)).toEqual([
    'deterministic.phases[].valueLog.appendedBytes',
  ])
})

test('intervals and slow operations stay below their maxima, a lag below the worst lag', () => {
  const open = sampleResult({ openLoop: 'steady' })
  const point = { ...open.timed.series[0]!, p50Us: 9, p99Us: 8 }
  const slow = { ...open.timed.slowest[0]!, kind: 'read', serviceUs: 5_301 }
  const late = changed(open, 'timed.arrivals.lagAtEndSeconds', 9)
  const timed = { ...late.timed, series: [point], slowest: [slow] }
  expect(contradictionsIn({ ...open, timed }).map(({ field }) => field)).toEqual([
    'timed.series[0].p50Us',
    'timed.slowest[0].serviceUs',
    'timed.arrivals.lagAtEndSeconds',
  ])
})

test('two gates with the same name are found', () => {
  const { gates } = sampleResult()
  const twice = { ...sampleResult(), gates: [...gates, ...gates] }
  expect(contradictionsIn(twice)).toEqual([
    { field: 'gates', why: 'two gates are named conservation' },
  ])
})

/** A copy of `result` with the value at a dotted path. */
function changed(result: RunResult, path: string, value: unknown): RunResult {
  const copy = structuredClone(result) as unknown as Record<string, unknown>
  const names = path.split('.')
  let inner = copy
  for (const name of names.slice(0, -1)) inner = inner[name] as Record<string, unknown>
  inner[names.at(-1)!] = value
  return copy as unknown as RunResult
}

test('every read of a peer is on one account', () => {
  const peer = samplePeer(sampleResult())
  expect(contradictionsIn(peer)).toEqual([])
  const { deterministic } = peer
  const reads = deterministic.reads!
  for (const account of ['getHit', 'shortScan'] as const) {
    const { operations, bytesReturned } = reads[account]
    const wrong = { ...reads, [account]: { operations: operations + 1, bytesReturned } }
    const changed = { ...peer, deterministic: { ...deterministic, reads: wrong } }
    expect(contradictionsIn(changed).map(({ field }) => field)).toEqual([
      `deterministic.reads.${account}.operations`,
    ])
  }
})

test('a store that replays load and run together is timed over both', () => {
  const peer = samplePeer(sampleResult())
  const { phases } = peer.deterministic
  const operations = phases
    .flatMap(({ operationsByKind }) => Object.values(operationsByKind))
    .reduce((sum, count) => sum + count)
  expect(phases.length).toBe(2)
  const timedBy = (throughputPerSecond: number) => ({
    ...peer,
    timed: {
      ...peer.timed,
      phases: [{ name: 'run' as const, wallSeconds: 2, throughputPerSecond }],
    },
  })
  expect(contradictionsIn(timedBy(operations / 2))).toEqual([])
  expect(contradictionsIn(timedBy(operations)).map(({ field }) => field)).toEqual([
    'timed.phases[0].throughputPerSecond',
  ])
})
