/**
 * Four readers group results: compare, report, charts and tidy. From the same mixed folder they
 * must make the same groups, whatever fields the results differ in.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnyResult, groupByDesign, sampleValues, workloadKey } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import { samplePeer } from '../../results/testing/sample-peer.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { amplificationChart } from '../charts/kinds/amplification.ts'
import { PRESETS } from '../charts/theme.ts'
import { sidesOf } from '../compare/pairing.ts'
import { tidyRows } from '../export/tidy-rows.ts'
import { comparisonTable, runsTable } from '../report/figure-tables.ts'

/** The differences of one result of a mixed folder from the others. */
interface Mutation {
  readonly strategy: 'tiering' | 'leveling'
  readonly T: 4 | 8
  readonly memtableBytes: 1_048_576 | 2_097_152
  readonly workload: 'ycsb-a' | 'ycsb-e'
  readonly records: 100_000 | 7
  readonly target: 'varve' | 'simulator (exact)' | 'leveldb'
  readonly aged: boolean
  readonly rate: null | '90%' | '20k'
  readonly until: boolean
  readonly loadOrder: 'hashed' | 'ordered'
  readonly stream: number
  /** Measured values, which belong to no identity. */
  readonly measured: { readonly achievedRatio: number; readonly seconds: number }
  readonly mergeFactor: number
}

const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  strategy: fc.constantFrom('tiering', 'leveling'),
  T: fc.constantFrom(4, 4, 8),
  memtableBytes: fc.constantFrom(1_048_576, 1_048_576, 2_097_152),
  workload: fc.constantFrom('ycsb-a', 'ycsb-a', 'ycsb-e'),
  records: fc.constantFrom(100_000, 100_000, 7),
  target: fc.constantFrom('varve', 'varve', 'varve', 'simulator (exact)', 'leveldb'),
  aged: fc.constantFrom(false, false, true),
  rate: fc.constantFrom(null, null, '90%', '20k'),
  until: fc.constantFrom(false, false, true),
  loadOrder: fc.constantFrom('hashed', 'hashed', 'ordered'),
  stream: fc.nat(3),
  measured: fc.record({
    achievedRatio: fc.double({ min: 0.1, max: 1, noNaN: true }),
    seconds: fc.double({ min: 1, max: 9, noNaN: true }),
  }),
  mergeFactor: fc.double({ min: 1, max: 9, noNaN: true }),
})

type Asked = Exclude<keyof Mutation, 'stream' | 'measured' | 'mergeFactor'>

const BASE: Pick<Mutation, Asked> = {
  strategy: 'tiering',
  T: 4,
  memtableBytes: 1_048_576,
  workload: 'ycsb-a',
  records: 100_000,
  target: 'varve',
  aged: false,
  rate: null,
  until: false,
  loadOrder: 'hashed',
}

/** At most two settings differ, so that designs differ in one field and occur often. */
const mutation = fc
  .tuple(anyMutation, fc.subarray(Object.keys(BASE) as Asked[], { maxLength: 2 }))
  .map(([any, kept]): Mutation => {
    const own = Object.fromEntries(kept.map((key) => [key, any[key]]))
    return { ...any, ...BASE, ...own }
  })

function resultOf(change: Mutation, index: number): AnyResult {
  const { strategy, T, workload, target, mergeFactor, stream, measured } = change
  const sample = sampleResult({ strategy, params: { T }, workload, mergeFactor })
  const valueCompression = { targetRatio: null, achievedRatio: measured.achievedRatio }
  const { loadOrder, memtableBytes, records } = change
  const arrival = { kind: 'constant', rate: change.rate, clients: 1, params: {} } as const
  const result: RunResult = {
    ...sample,
    id: `run-${index}`,
    config: {
      ...sample.config,
      workload: { ...sample.config.workload, loadOrder, valueCompression },
      engine: { ...sample.config.engine, memtableBytes },
      records,
      target,
      repeat: index,
      aged: change.aged ? { tree: `00000000${index.toString(16).padStart(8, '0')}` } : null,
      arrival: change.rate === null ? null : arrival,
      until: change.until ? { state: 'steady', operationsMax: 1_000 } : null,
    },
    environment: { ...sample.environment, startedAt: `2026-01-01T00:00:0${stream}.000Z` },
    deterministic: { ...sample.deterministic, traceHash: `0000000${stream}` },
    timed: { ...sample.timed, gcSeconds: measured.seconds },
  }
  return target === 'leveldb' ? { ...samplePeer(result), id: result.id } : result
}

type Groups = readonly (readonly string[])[]

/** Ids of the results of each group; neither order matters. */
function sorted(groups: Iterable<readonly string[]>): Groups {
  return [...groups].map((ids) => ids.toSorted()).toSorted((a, b) => a[0]!.localeCompare(b[0]!))
}

const idsOf = (results: readonly AnyResult[]) => results.map(({ id }) => id)
const ours = (results: readonly AnyResult[]) =>
  results.filter((result): result is RunResult => !isPeerResult(result))

function groupsOfReport(results: readonly RunResult[]): Groups {
  const { columns, rows } = runsTable(results)
  const id = columns.findIndex(({ name }) => name === 'result')
  const byLabel = Map.groupBy(rows, ([workload, strategy]) => `${workload!.text}/${strategy!.text}`)
  return sorted([...byLabel.values()].map((group) => group.map((row) => row[id]!.text)))
}

function groupsOfTidy(results: readonly AnyResult[], key: 'design' | 'sample'): Groups {
  const rows = results.flatMap((result) => [...tidyRows(result, new Set(['config']))])
  const groups = Map.groupBy(rows, (row) => `${row.design}${key === 'sample' ? row.sample : ''}`)
  return sorted([...groups.values()].map((group) => [...new Set(group.map(({ run }) => run))]))
}

/** A chart shows no ids: its bars of write amplification, rounded, in ascending order. */
function barsOf(results: readonly AnyResult[]): readonly string[] {
  const spec: object = amplificationChart(results, PRESETS['two-column'])
  const bars: string[] = []
  const { vconcat } = spec as { vconcat: readonly { readonly hconcat?: readonly unknown[] }[] }
  // One row for each workload; if labels are long, the other costs have separate rows below.
  const workloads = new Set(results.map(workloadKey)).size
  for (const { hconcat = [] } of vconcat.slice(0, workloads)) {
    // The label column comes first, then write amplification.
    const panel = hconcat[1] as { readonly data: { readonly values: readonly { value: number }[] } }
    if (panel !== undefined) bars.push(...panel.data.values.map(({ value }) => value.toFixed(6)))
  }
  return bars.toSorted()
}

test('compare, report, charts and tidy make the same groups of a mixed folder', () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 2, maxLength: 16 }), (mutations) => {
      const results = mutations.map(resultOf)
      const designs = groupByDesign(results)
      const expected = sorted(designs.map((group) => idsOf(group.results)))
      expect(sorted(sidesOf(results, []).map((side) => idsOf(side.results)))).toEqual(expected)
      expect(groupsOfTidy(results, 'design')).toEqual(expected)
      const samples = designs.flatMap((group) => [...group.samples.values()].map(idsOf))
      expect(groupsOfTidy(results, 'sample')).toEqual(sorted(samples))
      const runs = ours(results)
      if (runs.length === 0) return
      const own = groupByDesign(runs)
      expect(groupsOfReport(runs)).toEqual(sorted(own.map((group) => idsOf(group.results))))
      const { columns, rows } = comparisonTable(runs)
      const column = (name: string) => columns.findIndex((one) => one.name === name)
      const counts = rows.map((row) => [row[column('runs')]!.value, row[column('seeds')]!.value])
      expect(counts).toEqual(own.map((group) => [group.results.length, group.samples.size]))
      // A chart refuses one workload loaded in different orders.
      const chartable = results.filter(({ config }) => config.workload.loadOrder === 'hashed')
      if (ours(chartable).length === 0) return
      const means = groupByDesign(chartable).map((group) => {
        const values = sampleValues(group, (result) =>
          isPeerResult(result)
            ? result.peer.drained.waTotal
            : result.deterministic.amplification.drained.waTotal,
        )
        return values.reduce((sum, value) => sum + value, 0) / values.length
      })
      expect(barsOf(chartable)).toEqual(means.map((mean) => mean.toFixed(6)).toSorted())
    }),
    { numRuns: 100 },
  )
})

const TEN = Array.from({ length: 10 }, (_, index) => index)
test('ten seeds stay one design if their values compress differently', () => {
  const results = TEN.map((index) => {
    const measured = { achievedRatio: 0.5 + index / 100, seconds: 1 }
    return resultOf({ ...BASE, stream: index, measured, mergeFactor: 3 }, index)
  })
  const other = results.map((result, index) => {
    const { config } = result
    return {
      ...result,
      id: `other-${index}`,
      config: { ...config, strategy: { ...config.strategy, name: 'fluid' } },
    }
  })
  const text = JSON.stringify(amplificationChart([...results, ...other], PRESETS['two-column']))
  expect(text).toContain('10 paired seeds.')
  expect(text).not.toContain('Single seed')
})

test('ten repeats of one stream are a single seed', () => {
  const measured = { achievedRatio: 0.5, seconds: 1 }
  const repeats = (strategy: 'tiering' | 'leveling') =>
    TEN.map((index) => resultOf({ ...BASE, strategy, stream: 1, measured, mergeFactor: 3 }, index))
  const both = [...repeats('tiering'), ...repeats('leveling')]
  const text = JSON.stringify(amplificationChart(both, PRESETS['two-column']))
  expect(text).toContain('Single seed: differences are not tested.')
})
