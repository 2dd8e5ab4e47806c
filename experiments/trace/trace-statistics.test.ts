import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  hashKey,
  OPERATION_KIND,
  Operation,
  pumpWorkload,
  WORKLOADS,
} from '../../workloads/index.ts'
import { statisticsText } from '../commands/trace/statistics-table.ts'
import { fitZipf, KeyCounts } from './key-counts.ts'
import { ReuseDistances } from './reuse-distances.ts'
import { StatisticsSink } from './trace-statistics.ts'

const hashOf = (key: number) => hashKey(new TextEncoder().encode(`key${key}`))

describe('the counts of keys', () => {
  const keys = fc.array(fc.nat(200), { maxLength: 600, size: 'max' })

  test('are exact while keys are few', () => {
    fc.assert(
      fc.property(keys, (drawn) => {
        const counts = new KeyCounts()
        for (const key of drawn) counts.add(hashOf(key))
        const byKey = new Map<number, number>()
        for (const key of drawn) byKey.set(key, (byKey.get(key) ?? 0) + 1)
        expect(counts.isExact).toBe(true)
        expect(counts.distinct()).toBe(byKey.size)
        expect(counts.top(5)).toEqual([...byKey.values()].sort((a, b) => b - a).slice(0, 5))
      }),
    )
  })

  test('beyond the bound are too low by at most the reported shortfall', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 40 }), (drawn, bound) => {
        const counts = new KeyCounts(2 * bound, bound)
        for (const key of drawn) counts.add(hashOf(key))
        const byKey = new Map<number, number>()
        for (const key of drawn) byKey.set(key, (byKey.get(key) ?? 0) + 1)
        const most = Math.max(0, ...byKey.values())
        const [top = 0] = counts.top(1)
        expect(top).toBeLessThanOrEqual(most)
        expect(top).toBeGreaterThanOrEqual(most - counts.shortfall)
        expect(counts.top(1e9).length).toBeLessThanOrEqual(2 * bound)
        // A decrement removes `bound` counted occurrences and leaves one key uncounted.
        expect(counts.shortfall).toBeLessThanOrEqual(drawn.length / (bound + 1))
      }),
    )
  })

  test.each([1000, 20_000, 100_000])(
    'of %i keys are within 3 percent by HyperLogLog',
    (distinct) => {
      const counts = new KeyCounts(100, 50)
      for (let key = 0; key < distinct; key++) counts.add(hashOf(key))
      expect(counts.isExact).toBe(false)
      expect(Math.abs(counts.distinct() / distinct - 1)).toBeLessThan(0.03)
    },
  )

  test('find the exponent of a Zipf distribution', () => {
    const counts = Array.from({ length: 500 }, (_, rank) => 1e6 / (rank + 1) ** 0.8)
    expect(fitZipf(counts)).toEqual({ theta: expect.closeTo(0.8, 6), r2: expect.closeTo(1, 6) })
    expect(fitZipf([3, 2, 1])).toBeNull()
  })
})

describe('reuse distances', () => {
  test('are exact when every key is followed', () => {
    const distances = new ReuseDistances()
    // Each key is used again after all others, so 99 keys lie between.
    for (let round = 0; round < 50; round++) {
      for (let key = 0; key < 100; key++) distances.add(hashOf(key))
    }
    const { p50, p99, firstUses, uses, rate } = distances.figures()
    expect({ firstUses, uses, rate }).toEqual({ firstUses: 100, uses: 5000, rate: 1 })
    for (const distance of [p50!, p99!]) expect(Math.abs(distance - 99)).toBeLessThan(99 * 0.05)
  })

  test('equal a plain count, also when times are renumbered', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 400, size: 'max' }), (keys) => {
        const distances = new ReuseDistances(13)
        for (const key of keys) distances.add(hashOf(key))
        const byHand: number[] = []
        for (const [i, key] of keys.entries()) {
          const before = keys.lastIndexOf(key, i - 1)
          if (i > 0 && before >= 0) byHand.push(new Set(keys.slice(before + 1, i)).size)
        }
        byHand.sort((a, b) => a - b)
        const median = byHand[Math.ceil(0.5 * byHand.length) - 1]
        const { p50, firstUses } = distances.figures()
        expect(firstUses).toBe(new Set(keys).size)
        if (median === undefined) expect(p50).toBeNull()
        else expect(Math.abs(p50! - median)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('of a sample estimate the distances of all keys', () => {
    const distances = new ReuseDistances(500)
    for (let round = 0; round < 4; round++) {
      for (let key = 0; key < 20_000; key++) distances.add(hashOf(key))
    }
    const { p50, rate, sampledKeys, uses } = distances.figures()
    expect(sampledKeys).toBeLessThanOrEqual(500)
    expect(rate).toBeLessThan(0.03)
    expect(Math.abs(p50! / 20_000 - 1)).toBeLessThan(0.15)
    expect(Math.abs(uses / 80_000 - 1)).toBeLessThan(0.15)
  })
})

describe('the statistics of a trace', () => {
  test('count what the workload did', () => {
    const workload = WORKLOADS.get('ycsb-e')!.create(
      {},
      { records: 500, operations: 500, seed: 3, repeat: 0 },
    )
    const sink = new StatisticsSink()
    pumpWorkload(workload, sink, new Operation())
    const { operations, operationsByKind, phases, keys, values, scanLengths, writtenBytes, skew } =
      sink.figures()
    expect(operations).toBe(1000)
    expect(operationsByKind.insert! + operationsByKind.scan!).toBe(1000)
    expect(phases.map(({ name, operations: count }) => [name, count])).toEqual([
      ['load', 500],
      ['run', 500],
    ])
    expect(keys).toMatchObject({ distinct: operationsByKind.insert, isExact: true })
    expect(values).toMatchObject({
      count: operationsByKind.insert,
      min: 1140,
      mean: 1140,
      max: 1140,
    })
    expect(scanLengths!.count).toBe(operationsByKind.scan)
    expect(scanLengths!.max).toBeLessThanOrEqual(100)
    expect(writtenBytes).toBeGreaterThan(1140 * operationsByKind.insert!)
    expect(skew!.top1Share).toBeLessThanOrEqual(skew!.top10Share)
    expect(statisticsText(sink.figures())).toContain('distinct keys')
  })

  test('have the times of arrival', () => {
    const sink = new StatisticsSink()
    sink.beginPhase('load')
    const operation = new Operation()
    operation.kind = OPERATION_KIND.delete
    operation.copyKey(new Uint8Array(3))
    for (const arrivalNs of [0, 1, 2e9, 4e9]) {
      operation.arrivalNs = arrivalNs
      sink.add(operation)
    }
    const { arrivals, writtenBytes } = sink.figures()
    expect(arrivals).toEqual({ spanSeconds: 4, perSecond: 1, perSecondMax: 2 })
    expect(writtenBytes).toBe(12)
  })

  test('of an empty trace are empty', () => {
    const figures = new StatisticsSink().figures()
    expect(figures).toMatchObject({ operations: 0, skew: null, arrivals: null, values: null })
    expect(statisticsText(figures)).toContain('operations')
  })
})
