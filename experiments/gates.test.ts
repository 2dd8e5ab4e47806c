import { expect, test } from 'vitest'
import type { SeriesPoint } from '../results/schema.ts'
import { sampleResult } from '../results/testing/sample-result.ts'
import { type GateFacts, gatesOf, UNDECLARED_LOAD_ORDER, writeAmplificationDrift } from './gates.ts'

const point = (userBytes: number, bytesWritten: number): SeriesPoint => ({
  ...sampleResult().deterministic.series[0]!,
  userBytes,
  bytesWritten,
})

const steadySeries = Array.from({ length: 21 }, (_, i) => point(i * 100, i * 500))

const timedPoint = (atOperation: number, wallSeconds: number) => ({
  ...sampleResult().timed.series[0]!,
  atOperation,
  wallSeconds,
})

const steadyTimes = Array.from({ length: 21 }, (_, i) => timedPoint(i * 100, i))

const overloaded = sampleResult({ openLoop: 'overloaded' }).timed.arrivals!

const sound: GateFacts = {
  balance: {
    presentAtOpenBytes: 0,
    appendedBytes: 10,
    linkedBytes: 0,
    truncatedBytes: 0,
    removedBytes: 4,
    liveBytes: 6,
    conserved: true,
  },
  unexplainedBytes: 0,
  drained: {
    ...sampleResult().deterministic.amplification.drained,
    userBytes: 4000,
    liveLogicalBytes: 1000,
    debtBytes: 0,
  },
  memtableRawBytesAfterDrain: 0,
  burstDebtBytes: 5,
  runSeries: steadySeries,
  runTimedSeries: steadyTimes,
  mergesIntoLastLevel: 3,
  loadOrder: 'hashed',
  memory: {
    blockCacheBytes: 999,
    memtableBytes: 100,
    machineBytes: 1e9,
    compression: 'lz4',
    storedShare: 0.5,
  },
  answers: {
    ...{ gets: 100, scans: 2, entries: 300, forgotten: 0, wrong: 0, mismatches: [] },
    ...{ oneIn: 1, memoryBytes: 21_504 },
  },
  arrivals: sampleResult({ openLoop: 'steady' }).timed.arrivals,
  repeats: 10,
}

const LOST: NonNullable<GateFacts['answers']>['mismatches'][number] = {
  operation: 400,
  by: 'end',
  key: 'record 7',
  expected: 'value 0badcafe',
  got: 'nothing',
}

function failed(change: Partial<GateFacts>): string[] {
  return gatesOf({ ...sound, ...change })
    .filter((gate) => !gate.passed)
    .map((gate) => gate.name)
}

test('a sound run passes every gate, each with the figures that decided it', () => {
  const gates = gatesOf(sound)
  expect(gates.filter((gate) => !gate.passed)).toEqual([])
  for (const { name, why } of gates) expect(why, name).toMatch(/\d|hashed/)
})

test.each([
  ['conservation', { balance: { ...sound.balance, conserved: false } }],
  ['answers', { answers: { ...sound.answers!, wrong: 1, mismatches: [LOST] } }],
  ['operating-system', { unexplainedBytes: -8 }],
  ['drained', { memtableRawBytesAfterDrain: 1 }],
  ['drained', { drained: { ...sound.drained, debtBytes: 1 } }],
  ['load-order', { loadOrder: UNDECLARED_LOAD_ORDER }],
  ['steady-state', { drained: { ...sound.drained, userBytes: 2999 } }],
  ['steady-state', { runSeries: [] }],
  ['steady-state', { runSeries: [...steadySeries, point(2100, 20_000)] }],
  ['steady-state', { runTimedSeries: [...steadyTimes, timedPoint(2100, 50)] }],
  ['steady-state', { mergesIntoLastLevel: 2 }],
  ['dataset-beyond-cache', { memory: { ...sound.memory!, blockCacheBytes: 1000 } }],
  ['compressibility', { memory: { ...sound.memory!, storedShare: null } }],
  ['open-loop-latency', { arrivals: null }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, sustainablePerSecond: null } }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, offeredPerSecond: 38_001 } }],
  ['open-loop-latency', { arrivals: { ...sound.arrivals!, offeredPerSecond: null } }],
  ['several-seeds', { repeats: 9 }],
] satisfies [string, Partial<GateFacts>][])('%s fails on its own fact alone', (name, change) => {
  expect(failed(change)).toEqual([name])
})

test('a wrong answer is told with its key, what was expected and what was read', () => {
  const answers = { ...sound.answers!, wrong: 3, mismatches: [LOST] }
  expect(gatesOf({ ...sound, answers }).find(({ name }) => name === 'answers')!.why).toBe(
    '3 wrong of 100 gets and 300 entries of scans compared with what was written; the first in the ' +
      'drained tree: record 7 has value 0badcafe, read nothing',
  )
})

test('an overloaded run has no latency to claim', () => {
  expect(failed({ arrivals: overloaded })).toEqual(['overload', 'open-loop-latency'])
})

test('a gate that cannot be judged is left out', () => {
  const facts = { ...sound, unexplainedBytes: null, memory: null, answers: null, arrivals: null }
  expect(gatesOf(facts).map((gate) => gate.name)).toEqual([
    'conservation',
    'drained',
    'load-order',
    'steady-state',
    'open-loop-latency',
    'several-seeds',
  ])
})

test('a simulation, which takes no time, may be steady', () => {
  expect(failed({ runTimedSeries: null })).toEqual([])
})

test('drift compares the third quarter with the fourth', () => {
  expect(writeAmplificationDrift(steadySeries)).toBe(0)
  const series = [point(0, 0), point(10, 50), point(20, 100), point(30, 130), point(40, 180)]
  // Third quarter 3, fourth 5.
  expect(writeAmplificationDrift(series)).toBeCloseTo(0.5)
})
