/** The rules of comparisons: which pairs are made, which are refused, and what is claimed. */

import { describe, expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { lookOf } from '../cli/terminal.ts'
import { comparedText } from '../commands/compare/comparison-text.ts'
import { type CompareAllOptions, compareAll } from './compare-all.ts'
import { METRICS } from './metrics.ts'

const OPTIONS: CompareAllOptions = {
  across: [],
  baseline: null,
  metrics: [],
  level: 0.95,
  seed: 42,
  resamples: 500,
}

interface Change {
  readonly config?: Partial<RunResult['config']>
  readonly deterministic?: Partial<RunResult['deterministic']>
  readonly environment?: Partial<RunResult['environment']>
  readonly gates?: RunResult['gates']
}

const PASSED = ['conservation', 'drained', 'steady-state', 'open-loop-latency'].map((name) => ({
  name,
  passed: true,
  why: '',
}))

/** Results of one strategy, one for each repeat; `spread` varies the merge factor by repeat. */
function resultsOf(strategy: string, repeats: number, mergeFactor: number, change: Change = {}) {
  return Array.from({ length: repeats }, (_, repeat) => {
    const factor = mergeFactor + 0.05 * ((repeat * 7) % 5)
    const sample = sampleResult({ strategy, mergeFactor: factor })
    const result: RunResult = {
      ...sample,
      id: `${strategy}-r${repeat}`,
      config: { ...sample.config, repeat, ...change.config },
      deterministic: { ...sample.deterministic, ...traceOf(repeat), ...change.deterministic },
      environment: { ...sample.environment, ...change.environment },
      gates: change.gates ?? PASSED,
    }
    return result
  })
}

/** Each repeat draws other operations. */
const traceOf = (repeat: number) => ({
  traceHash: `feedfacefeedfa${repeat.toString(16).padStart(2, '0')}`,
})

function compareBoth(a: Change, b: Change, options: Partial<CompareAllOptions> = {}, repeats = 10) {
  const results = [...resultsOf('leveling', repeats, 5, a), ...resultsOf('tiering', repeats, 2, b)]
  return compareAll(results, { ...OPTIONS, ...options })
}

function compare(...given: Parameters<typeof compareBoth>) {
  return compareBoth(...given).comparisons
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
    const [comparison] = compareAll(files, OPTIONS).comparisons
    expect(metricOf(comparison!, 'WA lsm').verdict).toBe('worse')
  })

  test('an interval that holds zero is not a significant difference', () => {
    const swing = [1, -1, 1, -1, 1, -1, 1, -1, 1, -1]
    const files = [
      ...swing.flatMap((_, repeat) => resultsOf('leveling', 10, 4).slice(repeat, repeat + 1)),
      ...swing.flatMap((sign, repeat) =>
        resultsOf('tiering', 10, 4 + sign / 10).slice(repeat, repeat + 1),
      ),
    ]
    const [comparison] = compareAll(files, OPTIONS).comparisons
    expect(metricOf(comparison!, 'WA lsm').verdict).toBe('no significant difference')
  })

  test('nine pairs are too few, with the interval beside', () => {
    const [comparison] = compare({}, {}, {}, 9)
    const line = metricOf(comparison!, 'WA lsm')
    expect(line.verdict).toBe('too few seeds')
    expect(line.low).not.toBeNull()
  })

  test('one pair has no interval', () => {
    const [comparison] = compare({}, {}, {}, 1)
    expect(metricOf(comparison!, 'WA lsm')).toMatchObject({ verdict: 'single seed', low: null })
    expect(comparedText(compareBoth({}, {}, {}, 1), lookOf({}))).toContain(
      'single seed: a verdict needs 10 pairs',
    )
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

describe('metrics asked for beforehand', () => {
  test('are the family, and the others are exploratory', () => {
    const { comparisons, family } = compareBoth({}, {}, { metrics: ['wa', 'space'] })
    expect(family).toMatchObject({ size: 2, metrics: ['WA total', 'space amplification'] })
    const [total, lsm] = ['WA total', 'WA lsm'].map((name) => metricOf(comparisons[0]!, name))
    expect(total).toMatchObject({ primary: true, verdict: 'better', pAdjusted: 2 * total!.p! })
    expect(lsm).toMatchObject({ primary: false, verdict: 'exploratory', pAdjusted: null })
    expect(lsm!.high).toBeLessThan(0)
  })

  test('bear a verdict where all metrics together would need more seeds', () => {
    const results = ['leveling', 'tiering', 'fluid', 'universal', 'lazy-leveling'].flatMap(
      (strategy, at) => resultsOf(strategy, 10, 5 - at),
    )
    const verdictOf = (metrics: readonly string[]) => {
      const { comparisons } = compareAll(results, { ...OPTIONS, metrics })
      return metricOf(comparisons[0]!, 'WA total').verdict
    }
    expect([verdictOf([]), verdictOf(['wa'])]).toEqual(['too few seeds', 'better'])
    expect(comparedText(compareAll(results, OPTIONS), lookOf({}))).toMatch(
      /too few seeds: \d+ verdicts at once need 12 pairs; --metric chooses fewer/,
    )
  })

  test('are listed where a result has no such figure', () => {
    const [comparison] = compare({}, {}, { metrics: ['wa', 'runs-per-long-scan'] })
    expect(comparison!.leftOut).toEqual(['runs per long scan: not every result has this figure'])
  })

  test('have names of their own', () => {
    const flags = METRICS.map(({ flag }) => flag)
    expect(new Set(flags).size).toBe(flags.length)
    expect(flags.filter((flag) => !/^[a-z0-9-]+$/.test(flag))).toEqual([])
  })
})

test('ten repeats of one stream of operations are one sample, and bear no verdict', () => {
  const one = { deterministic: { traceHash: 'feedfacefeedface' } }
  const [comparison] = compare(one, one)
  expect(comparison).toMatchObject({ pairs: 1, unpaired: 0 })
  expect(metricOf(comparison!, 'WA lsm')).toMatchObject({ verdict: 'single seed', low: null })
})

describe('left out', () => {
  const refusal = (a: Change, b: Change) => {
    const { comparisons, leftOut } = compareBoth(a, b)
    expect(comparisons.map(({ pairs }) => pairs)).toEqual([])
    return leftOut.join('\n')
  }
  const other = sampleResult().config

  test.each([
    ['different operations', { deterministic: { traceHash: 'feedfacefeedface' } }, 'trace'],
    [
      'another load order',
      { config: { workload: { ...other.workload, loadOrder: 'ordered' } } },
      'different workloads, workload.loadOrder',
    ],
    [
      'another size',
      { config: { records: 7 } },
      'different workloads, workload.records is 100000 and 7',
    ],
    [
      'other engine options',
      { config: { engine: { ...other.engine, memtableBytes: 7 } } },
      'engine option memtableBytes is',
    ],
    ['another target', { config: { target: 'simulator (exact)' } }, 'different targets'],
    ['other code', { environment: { varveVersion: '0+x' } }, 'different code'],
    [
      'another seed',
      { config: { seed: 7 }, deterministic: { traceHash: 'feedfacefeedface' } },
      'no seed in common',
    ],
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

  test('requested fields may differ, and are named', () => {
    const engine = { ...other.engine, memtableBytes: 7 }
    const [comparison] = compare({}, { config: { engine } }, { across: ['engine'] })
    expect(comparison!.configDifferences).toContainEqual({
      path: 'engine.memtableBytes',
      a: other.engine.memtableBytes,
      b: 7,
    })
  })

  test('one configuration has nothing to be compared with', () => {
    expect(() => compareAll(resultsOf('leveling', 3, 5), OPTIONS)).toThrow('one design only')
  })
})

test('what values achieve differs by seed, and parts no side', () => {
  const files = [...resultsOf('leveling', 10, 5), ...resultsOf('tiering', 10, 2)].map(
    (result, at) => {
      const valueCompression = { targetRatio: null, achievedRatio: 0.9 + at / 1000 }
      const { config } = result
      const workload = { ...config.workload, valueCompression }
      return { ...result, config: { ...config, workload } }
    },
  )
  expect(compareAll(files, OPTIONS).comparisons).toMatchObject([
    { pairs: 10, configDifferences: [{}] },
  ])
})

test('loaded trees are of their seeds, and part no side; a run that loads is no partner', () => {
  const start = (strategy: string, factor: number) =>
    resultsOf(strategy, 10, factor).map((result, at) => {
      const aged = { tree: `0123456789abcde${at.toString(16)}` }
      return { ...result, config: { ...result.config, aged } }
    })
  const files = [...start('leveling', 5), ...start('tiering', 2)]
  expect(compareAll(files, OPTIONS).comparisons).toMatchObject([{ pairs: 10 }])
  const mixed = [...start('leveling', 5), ...resultsOf('tiering', 10, 2)]
  const { comparisons, leftOut } = compareAll(mixed, OPTIONS)
  expect(comparisons).toEqual([])
  expect(leftOut[0]).toContain('different starts, aged and fresh')
})

test('times under different loads are left out', () => {
  const arrival = { kind: 'constant', rate: '100', clients: 1, params: {} } as const
  const [comparison] = compare({}, { config: { arrival } })
  expect(comparison!.leftOut[0]).toContain('operations arrive differently')
  expect(comparison!.metrics.map(({ metric }) => metric)).not.toContain('throughput, op/s')
})

test('seeds that only one side has are counted, not used', () => {
  const files = [...resultsOf('leveling', 12, 5), ...resultsOf('tiering', 10, 2)]
  expect(compareAll(files, OPTIONS).comparisons[0]).toMatchObject({ pairs: 10, unpaired: 2 })
})

describe('a mixed folder', () => {
  const simulated = { config: { target: 'simulator (exact)' } }
  const larger = { config: { records: 7 } }
  const mixed = [
    ...resultsOf('leveling', 2, 5),
    ...resultsOf('tiering', 2, 2),
    ...resultsOf('fluid', 2, 3),
    ...resultsOf('leveling', 2, 5, simulated),
    ...resultsOf('tiering', 2, 2, simulated),
    ...resultsOf('tiering', 2, 2, larger),
  ]
  const sides = (baseline: string | null) => {
    const { comparisons, leftOut } = compareAll(mixed, { ...OPTIONS, baseline })
    return { pairs: comparisons.map(({ a, b }) => [a, b]), leftOut }
  }

  test('names in each comparison the conditions that part it from the others', () => {
    const aged = { config: { aged: { tree: '0123456789abcdef' } } }
    const small = { config: { records: 7 } }
    const pairOf = (change: Parameters<typeof resultsOf>[3]) => [
      ...resultsOf('leveling', 1, 5, change),
      ...resultsOf('tiering', 1, 2, change),
    ]
    const workloadsOf = (...changes: Parameters<typeof resultsOf>[3][]) =>
      compareAll(changes.flatMap(pairOf), OPTIONS).comparisons.map(({ workload }) => workload)
    expect(workloadsOf({})).toEqual(['ycsb-a'])
    expect(workloadsOf({}, aged)).toEqual(['ycsb-a fresh', 'ycsb-a aged'])
    expect(workloadsOf({}, simulated)).toEqual(['ycsb-a varve', 'ycsb-a simulator (exact)'])
    expect(workloadsOf({}, small)).toEqual(['ycsb-a records=100000', 'ycsb-a records=7'])
    const { engine } = resultsOf('leveling', 1, 5)[0]!.config
    const options = { config: { engine: { ...engine, memtableBytes: 7 } } }
    expect(workloadsOf({}, options)).toEqual([
      `ycsb-a memtableBytes=${engine.memtableBytes}`,
      'ycsb-a memtableBytes=7',
    ])
  })

  test('is compared as far as it goes, and the rest is listed', () => {
    const { pairs, leftOut } = sides(null)
    expect(pairs).toEqual([
      ['leveling', 'tiering'],
      ['leveling', 'fluid'],
      ['leveling', 'tiering'],
    ])
    expect(leftOut).toEqual([
      expect.stringMatching(
        /^tiering on ycsb-a records=7 \(tiering-r0\) with leveling on .*: different workloads, workload.records is 7 and /,
      ),
    ])
    expect(comparedText(compareAll(mixed, OPTIONS), lookOf({}))).toContain(
      'Not compared:\n  tiering',
    )
  })

  test('has the baseline it is given, by strategy or by design', () => {
    expect(sides('tiering').pairs).toEqual([
      ['tiering', 'leveling'],
      ['tiering', 'fluid'],
      ['tiering', 'leveling'],
    ])
    const { pairs, leftOut } = sides('fluid')
    expect(pairs.map(([a]) => a)).toEqual(['fluid', 'fluid'])
    expect(leftOut[0]).toContain('no result of the baseline fluid under these conditions')
    expect(() => sides('teiring')).toThrow('unknown value of --baseline "teiring"; did you mean')
  })

  test('a baseline that fits two designs is to be named in full', () => {
    const params = { strategy: { ...sampleResult().config.strategy, params: { T: 8 } } }
    const both = [...resultsOf('tiering', 2, 2), ...resultsOf('tiering', 2, 2, { config: params })]
    const compareTo = (baseline: string) => compareAll(both, { ...OPTIONS, baseline })
    expect(() => compareTo('tiering')).toThrow(/fits "tiering T=4" \(.*\) and "tiering T=8"/)
    expect(compareTo('tiering T=8').comparisons[0]!.b).toBe('tiering T=4')
  })
})

test('a result whose books do not balance keeps none of the others out', () => {
  const [first, ...others] = resultsOf('leveling', 10, 5)
  const gates = [{ name: 'conservation', passed: false, why: '3 B missing' }]
  const results = [{ ...first!, gates }, ...others, ...resultsOf('tiering', 10, 2)]
  const { comparisons, leftOut } = compareAll(results, OPTIONS)
  expect(comparisons).toMatchObject([{ pairs: 9, unpaired: 1 }])
  expect(leftOut).toEqual(['leveling-r0 fails gate conservation: 3 B missing'])
})

test('one design of two codes is compared where codes may differ', () => {
  const environment = { varveVersion: '0+x' }
  const results = [...resultsOf('tiering', 2, 2), ...resultsOf('tiering', 2, 3, { environment })]
  const { comparisons } = compareAll(results, { ...OPTIONS, across: ['code'] })
  expect(comparisons).toMatchObject([{ a: 'tiering 0.1.0', b: 'tiering 0+x', pairs: 2 }])
})

test('runs that went on until they were steady pair by what was asked for', () => {
  const until = { state: 'steady', operationsMax: 9 } as const
  const steady = (strategy: string, factor: number, done: number) =>
    resultsOf(strategy, 10, factor, { config: { until } }).map((result, at) => {
      const phases = [{ ...result.deterministic.phases[1]!, operationsByKind: { read: done } }]
      const askedTraceHash = traceOf(at).traceHash
      const { traceHash } = traceOf(100 + done)
      return {
        ...result,
        deterministic: { ...result.deterministic, phases, askedTraceHash, traceHash },
      }
    })
  const [comparison] = compareAll(
    [...steady('leveling', 5, 6), ...steady('tiering', 2, 8)],
    OPTIONS,
  ).comparisons
  expect(comparison).toMatchObject({ pairs: 10 })
  expect(metricOf(comparison!, 'WA lsm').verdict).toBe('better')
  expect(metricOf(comparison!, 'peak bytes')).toBeUndefined()
  expect(comparison!.leftOut[0]).toContain(
    'peak bytes: the runs did different numbers of operations',
  )
})
