/** Holds comparisons to their rules: which pairs are made, which are refused, and what is claimed. */

import { describe, expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { lookOf } from '../cli/terminal.ts'
import { UsageError } from '../cli/usage-error.ts'
import { compareAll } from './compare-all.ts'
import type { CompareOptions } from './comparison.ts'
import { comparisonText } from './comparison-text.ts'

const OPTIONS: CompareOptions = { across: [], level: 0.95, seed: 42, resamples: 500 }

interface Change {
  readonly config?: Partial<RunResult['config']>
  readonly deterministic?: Partial<RunResult['deterministic']>
  readonly environment?: Partial<RunResult['environment']>
  readonly gates?: RunResult['gates']
}

const PASSED = ['conservation', 'drained', 'steady-state', 'open-loop-latency'].map((name) => ({
  ...{ name, passed: true, why: '' },
}))

/** Results of one strategy, one a repeat; `spread` moves the merge factor by the repeat. */
function resultsOf(strategy: string, repeats: number, mergeFactor: number, change: Change = {}) {
  return Array.from({ length: repeats }, (_, repeat) => {
    const factor = mergeFactor + 0.05 * ((repeat * 7) % 5)
    const sample = sampleResult({ strategy, mergeFactor: factor })
    const result: RunResult = {
      ...sample,
      id: `${strategy}-r${repeat}`,
      config: { ...sample.config, repeat, ...change.config },
      deterministic: { ...sample.deterministic, ...change.deterministic },
      environment: { ...sample.environment, ...change.environment },
      gates: change.gates ?? PASSED,
    }
    return { path: `${result.id}.json`, result }
  })
}

function compare(a: Change, b: Change, options: Partial<CompareOptions> = {}, repeats = 10) {
  const files = [...resultsOf('leveling', repeats, 5, a), ...resultsOf('tiering', repeats, 2, b)]
  return compareAll(files, { ...OPTIONS, ...options })
}

function metricOf(comparison: ReturnType<typeof compare>[number], name: string) {
  return comparison.metrics.find(({ metric }) => metric === name)!
}

describe('verdicts', () => {
  test('ten pairs and an interval off zero: better, where lower is better', () => {
    const [comparison] = compare({}, {})
    const line = metricOf(comparison!, 'WA lsm')
    expect(comparison).toMatchObject({ a: 'leveling', b: 'tiering', pairs: 10, unpaired: 0 })
    expect(line.verdict).toBe('better')
    expect(line.high).toBeLessThan(0)
    expect(line.difference).toBeCloseTo(line.meanB - line.meanA, 9)
  })

  test('the other way round it is worse', () => {
    const files = [...resultsOf('tiering', 10, 2), ...resultsOf('leveling', 10, 5)]
    const [comparison] = compareAll(files, OPTIONS)
    expect(metricOf(comparison!, 'WA lsm').verdict).toBe('worse')
  })

  test('an interval that holds zero is no significant difference', () => {
    const swing = [1, -1, 1, -1, 1, -1, 1, -1, 1, -1]
    const files = [
      ...swing.flatMap((_, repeat) => resultsOf('leveling', 10, 4).slice(repeat, repeat + 1)),
      ...swing.flatMap((sign, repeat) =>
        resultsOf('tiering', 10, 4 + sign / 10).slice(repeat, repeat + 1),
      ),
    ]
    const [comparison] = compareAll(files, OPTIONS)
    expect(metricOf(comparison!, 'WA lsm').verdict).toBe('no significant difference')
  })

  test('nine pairs are a single seed, with the interval beside', () => {
    const [comparison] = compare({}, {}, {}, 9)
    const line = metricOf(comparison!, 'WA lsm')
    expect(line.verdict).toBe('single seed')
    expect(line.low).not.toBeNull()
  })

  test('one pair has no interval', () => {
    const [comparison] = compare({}, {}, {}, 1)
    expect(metricOf(comparison!, 'WA lsm')).toMatchObject({ verdict: 'single seed', low: null })
    expect(comparisonText(comparison!, lookOf({}))).toContain('single seed: 1 of the 10 pairs')
  })

  test('latencies of a closed loop are shown and not claimed', () => {
    const gates = [{ name: 'open-loop-latency', passed: false, why: 'closed loop' }]
    const [comparison] = compare({ gates }, { gates })
    const line = comparison!.metrics.find(({ metric }) => metric.endsWith('p50, µs'))!
    expect(line.verdict).toBe('not claimed')
    expect(line.labels).toEqual(['not from an open loop at a steady share'])
  })

  test('a run that has not settled labels its amplification', () => {
    const gates = [{ name: 'steady-state', passed: false, why: 'drift' }]
    const [comparison] = compare({}, { gates })
    expect(metricOf(comparison!, 'WA total').labels).toEqual(['transient'])
  })

  test('times of different machines are left out, bytes stay', () => {
    const [comparison] = compare({}, { environment: { cpuModel: 'another' } })
    expect(comparison!.metrics.map(({ metric }) => metric)).not.toContain('throughput, op/s')
    expect(comparison!.leftOut[0]).toContain('different machines (cpuModel')
    expect(metricOf(comparison!, 'WA lsm').verdict).toBe('better')
  })
})

describe('refusals', () => {
  const refusal = (a: Change, b: Change) => {
    try {
      compare(a, b)
    } catch (error) {
      if (error instanceof UsageError) return error.message
      throw error
    }
    return 'compared'
  }
  const other = sampleResult().config

  test.each([
    ['different operations', { deterministic: { traceHash: 'feedfacefeedface' } }, 'trace'],
    [
      'another load order',
      { config: { workload: { ...other.workload, loadOrder: 'ordered' } } },
      'different workloads, workload.loadOrder',
    ],
    ['another size', { config: { records: 7 } }, 'different workloads, records is 100000 and 7'],
    [
      'other engine options',
      { config: { engine: { ...other.engine, memtableBytes: 7 } } },
      'engine option memtableBytes is',
    ],
    ['another target', { config: { target: 'simulator (exact)' } }, 'different targets'],
    ['other code', { environment: { varveVersion: '0+x' } }, 'different code'],
    ['another seed', { config: { seed: 7 } }, 'no seed in common'],
    [
      'books that do not balance',
      { gates: [{ name: 'conservation', passed: false, why: '3 B missing' }] },
      'fails gate conservation: 3 B missing',
    ],
    [
      'work left over',
      { gates: [{ name: 'drained', passed: false, why: 'debt' }] },
      'fails gate drained',
    ],
  ] as const)('%s', (_what, change, why) => {
    expect(refusal({}, change)).toContain(why)
  })

  test('what is asked for may differ, and is named', () => {
    const engine = { ...other.engine, memtableBytes: 7 }
    const [comparison] = compare({}, { config: { engine } }, { across: ['engine'] })
    expect(comparison!.configDifferences).toContainEqual({
      path: 'engine.memtableBytes',
      a: other.engine.memtableBytes,
      b: 7,
    })
  })

  test('one configuration has nothing to be compared with', () => {
    expect(() => compareAll(resultsOf('leveling', 3, 5), OPTIONS)).toThrow('one configuration only')
  })

  test('two results of one seed', () => {
    const [first] = resultsOf('leveling', 1, 5)
    const files = [first!, { ...first!, path: 'copy.json' }]
    expect(() => compareAll(files, OPTIONS)).toThrow('copy.json: two results of seed')
  })
})

test('what values achieve differs by seed, and parts no side', () => {
  const files = [...resultsOf('leveling', 10, 5), ...resultsOf('tiering', 10, 2)].map(
    (file, at) => {
      const valueCompression = { targetRatio: null, achievedRatio: 0.9 + at / 1000 }
      const { config } = file.result
      const workload = { ...config.workload, valueCompression }
      return { ...file, result: { ...file.result, config: { ...config, workload } } }
    },
  )
  expect(compareAll(files, OPTIONS)).toMatchObject([{ pairs: 10, configDifferences: [{}] }])
})

test('loaded trees are of their seeds, and part no side; a run that loads is no partner', () => {
  const start = (strategy: string, factor: number) =>
    resultsOf(strategy, 10, factor).map((file, at) => {
      const { config } = file.result
      const aged = { tree: `0123456789abcde${at.toString(16)}` }
      return { ...file, result: { ...file.result, config: { ...config, aged } } }
    })
  const files = [...start('leveling', 5), ...start('tiering', 2)]
  expect(compareAll(files, OPTIONS)).toMatchObject([{ pairs: 10 }])
  const mixed = [...start('leveling', 5), ...resultsOf('tiering', 10, 2)]
  expect(() => compareAll(mixed, OPTIONS)).toThrow('one starts from a loaded tree')
})

test('times under different loads are left out', () => {
  const arrival = { kind: 'constant', rate: '100', clients: 1, params: {} } as const
  const [comparison] = compare({}, { config: { arrival } })
  expect(comparison!.leftOut[0]).toContain('operations arrive otherwise')
  expect(comparison!.metrics.map(({ metric }) => metric)).not.toContain('throughput, op/s')
})

test('seeds that only one side has are counted, not used', () => {
  const files = [...resultsOf('leveling', 12, 5), ...resultsOf('tiering', 10, 2)]
  expect(compareAll(files, OPTIONS)[0]).toMatchObject({ pairs: 10, unpaired: 2 })
})
