import { expect, test } from 'vitest'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { levelOf } from '../../engine/version/level.ts'
import { runOf, tablesOf } from '../../engine/version/run.ts'
import { NO_FILTER, type TableMeta } from '../../engine/version/table-meta.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { versionOf } from '../../engine/version/version.ts'
import { expectedProbes } from './expected-probes.ts'

const tables = [
  ...tablesOf(parseVersion('L1\n R1: 1[a,b]; 2[c,d]; 3[e,f]; 4[g,h]').levels[1]!.runs[0]!),
]

/** The table with so many entries and a filter of so many blocks; 0 blocks: without a filter. */
function withFilter(table: TableMeta, entries: number, blocks: number): TableMeta {
  const filter = { kind: 'blocked-bloom', bitsPerKey: 10, bytes: 64 * blocks } as const
  return { ...table, entries, filter: blocks === 0 ? NO_FILTER : filter }
}

test('every table of a run counts by its entries, with the rate of its own filter as built', () => {
  const built = [
    [1000, 20],
    [3000, 60],
    [1000, 21],
    [5000, 0],
  ] as const
  const run = runOf(
    1,
    built.map(([entries, blocks], at) => withFilter(tables[at]!, entries, blocks)),
  )
  const { runs, probesPerMiss } = expectedProbes(versionOf([levelOf([]), levelOf([run])]))
  const passed = built.map(
    ([entries, blocks]) => entries * falsePositiveRate((blocks * 512) / entries),
  )
  expect(probesPerMiss).toBeCloseTo(passed.reduce((sum, each) => sum + each) / 10_000, 12)
  expect(runs).toMatchObject([{ level: 1, entries: 10_000, falsePositiveRate: probesPerMiss }])
})

test('rates have no more digits than all versions of Node compute alike', () => {
  const run = runOf(1, [withFilter(tables[0]!, 1000, 21), withFilter(tables[1]!, 3000, 60)])
  const { runs, probesPerMiss } = expectedProbes(versionOf([levelOf([]), levelOf([run])]))
  for (const rate of [runs[0]!.falsePositiveRate, probesPerMiss]) {
    expect(rate).toBe(Number(rate.toPrecision(12)))
  }
})
