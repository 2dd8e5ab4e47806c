import { expect, test } from 'vitest'
import type { SeriesPoint } from '../results/schema.ts'
import { sampleResult } from '../results/testing/sample-result.ts'
import { type GateFacts, gatesOf, writeAmplificationDrift } from './gates.ts'

const point = (userBytes: number, bytesWritten: number): SeriesPoint => ({
  ...sampleResult().deterministic.series[0]!,
  userBytes,
  bytesWritten,
})

const steadySeries = Array.from({ length: 21 }, (_, i) => point(i * 100, i * 500))

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
  blockCacheBytes: 999,
}

function failed(change: Partial<GateFacts>): string[] {
  return gatesOf({ ...sound, ...change })
    .filter((gate) => !gate.passed)
    .map((gate) => gate.name)
}

// Runs are closed loops, so no latency claim passes.
test('a sound run fails the latency gate alone', () => {
  expect(failed({})).toEqual(['open-loop-latency'])
})

test.each([
  ['conservation', { balance: { ...sound.balance, conserved: false } }],
  ['operating-system', { unexplainedBytes: -8 }],
  ['drained', { memtableRawBytesAfterDrain: 1 }],
  ['drained', { drained: { ...sound.drained, debtBytes: 1 } }],
  ['steady-state', { drained: { ...sound.drained, userBytes: 2999 } }],
  ['steady-state', { runSeries: [] }],
  ['steady-state', { runSeries: [...steadySeries, point(2100, 20_000)] }],
  ['dataset-beyond-cache', { blockCacheBytes: 1000 }],
] satisfies [string, Partial<GateFacts>][])('%s fails on its own fact', (name, change) => {
  expect(failed(change)).toContain(name)
  expect(failed(change)).toHaveLength(2)
})

test('a gate that cannot be judged is left out', () => {
  const names = gatesOf({ ...sound, unexplainedBytes: null, blockCacheBytes: null })
  expect(names.map((gate) => gate.name)).toEqual([
    'conservation',
    'drained',
    'steady-state',
    'open-loop-latency',
  ])
})

test('drift compares the third quarter with the fourth', () => {
  expect(writeAmplificationDrift(steadySeries)).toBe(0)
  const series = [point(0, 0), point(10, 50), point(20, 100), point(30, 130), point(40, 180)]
  // Third quarter 3, fourth 5.
  expect(writeAmplificationDrift(series)).toBeCloseTo(0.5)
})
