import { describe, expect, test } from 'vitest'
import { runsAtMost } from '../model/fluid-point.ts'
import type { TunedStrategy } from '../model/tuner.ts'
import {
  costsOf,
  meanCost,
  OPERATION_KINDS,
  type TuningEnvironment,
} from '../model/workload-cost.ts'
import { type MeasuredCosts, measureCosts, strategyOf } from './measured-costs.ts'

const environment: TuningEnvironment = {
  entries: 3072,
  entryBytes: 256,
  memoryBytes: 0,
  blockBytes: 4096,
  longScanEntries: 100,
  writeToRead: 2,
  sequentialSpeedup: 1,
  filters: 'uniform',
  life: 'steady',
}

function measured(
  design: Parameters<typeof strategyOf>[0],
  buffers: number,
  { seed = 1, ...more }: Partial<TuningEnvironment> & { seed?: number } = {},
): MeasuredCosts {
  const { filters } = { ...environment, ...more }
  const strategy = strategyOf(design, filters)
  const run = measureCosts({ strategy, buffers }, { ...environment, ...more }, seed)
  for (;;) {
    const { done, value } = run.next()
    if (done) return value
  }
}

const DESIGNS: readonly (readonly [TunedStrategy, T: number, K: number, Z: number])[] = [
  ['leveling', 2, 1, 1],
  ['leveling', 4, 1, 1],
  ['leveling', 10, 1, 1],
  ['tiering', 3, 2, 2],
  ['tiering', 4, 3, 3],
  ['tiering', 6, 5, 5],
  ['lazy-leveling', 3, 2, 1],
  ['lazy-leveling', 6, 5, 1],
  ['lazy-leveling', 10, 9, 1],
  ['fluid', 5, 2, 1],
  ['fluid', 7, 3, 2],
  ['fluid', 10, 9, 3],
]

/** Shares of zero-result reads, reads, short scans, long scans and writes. */
const MIXES = [
  [0.15, 0.15, 0.1, 0, 0.6],
  [0.25, 0.25, 0.25, 0, 0.25],
  [0.97, 0.01, 0.01, 0, 0.01],
  [0.01, 0.01, 0.01, 0.2, 0.77],
  [0.01, 0.01, 0.01, 0, 0.97],
].map(([zeroReads, reads, shortScans, longScans, writes]) => ({
  zeroReads: zeroReads!,
  reads: reads!,
  shortScans: shortScans!,
  longScans: longScans!,
  writes: writes!,
}))

describe.each(DESIGNS)('%s T=%i K=%i Z=%i', (strategy, T, K, Z) => {
  const point = { T, K, Z }
  const designOf = (bitsPerEntry: number) => ({ strategy, point, bitsPerEntry })
  const predicted = (bits: number, buffers: number, more: Partial<TuningEnvironment> = {}) => {
    const given = { ...environment, ...more }
    const memtableBytes = (given.entries * given.entryBytes) / buffers
    return costsOf({ ...designOf(bits), memtableBytes }, given)
  }

  test.each([
    [40, 0],
    [70, 6],
  ])(
    '%i memtables, %i bits: in a steady state as predicted, each operation and each mix',
    (buffers, bits) => {
      expect(runsAtMost(T, K)).toBe(K)
      const costs = measured(designOf(bits), buffers)
      const model = predicted(bits, buffers)
      expect(costs.isWhole).toBe(true)
      for (const kind of OPERATION_KINDS) {
        expect(Math.abs(model.ios[kind] / costs.ios[kind] - 1), kind).toBeLessThan(0.03)
      }
      for (const mix of MIXES) {
        const [expected, found] = [meanCost(mix, model.ios), meanCost(mix, costs.ios)]
        expect(Math.abs(expected / found - 1)).toBeLessThan(0.03)
      }
      for (const space of ['spaceMean', 'spaceMost', 'spacePeak'] as const) {
        expect(Math.abs(model[space] / costs[space] - 1), space).toBeLessThan(0.03)
      }
      expect(costs.filterBitsPerRecord / (bits * model.spaceMean || 1)).toBeCloseTo(
        bits > 0 ? 1 : 0,
        1,
      )
    },
  )

  test('over a load as predicted', () => {
    const costs = measured(designOf(4), 70, { life: 'load' })
    const model = predicted(4, 70, { life: 'load' })
    for (const kind of OPERATION_KINDS) {
      expect(Math.abs(model.ios[kind] / costs.ios[kind] - 1), kind).toBeLessThan(0.06)
    }
  })

  test('under Monkey’s division: reads in vain within 15 %, for tiering within a third', () => {
    const costs = measured(designOf(6), 70, { filters: 'optimal' })
    const model = predicted(6, 70, { filters: 'optimal' })
    const off = Math.abs(model.ios.zeroReads / costs.ios.zeroReads - 1)
    expect(off).toBeLessThan(strategy === 'tiering' ? 0.33 : 0.15)
    expect(Math.abs(model.ios.reads / costs.ios.reads - 1)).toBeLessThan(0.02)
    expect(costs.filterBitsPerRecord).toBeLessThan(6 * model.spaceMean)
  })
})

test('equal seeds, equal costs', () => {
  const design = { strategy: 'tiering', point: { T: 4, K: 3, Z: 3 }, bitsPerEntry: 5 } as const
  expect(measured(design, 40)).toEqual(measured(design, 40))
  expect(measured(design, 40, { seed: 2 })).not.toEqual(measured(design, 40))
})
