import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { MergeSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { bytes, openTest } from '../../engine/testing/fixtures.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runsNewestFirst } from '../../engine/version/version.ts'
import { WriteBatch } from '../../engine/wal/write-batch.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'
import { lazyLeveling } from '../whole-levels/lazy-leveling.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { monkey } from './monkey.ts'
import { allocatedFlushFilter, withAllocatedFilters } from './tree-filters.ts'

const TREE = `
  L0
    R4: 4[a,z] entries=100 values=1000
  L1
    R3: 3[a,m] entries=300 values=3000; 2[n,z] entries=100 values=1000
  L2
    R1: 1[a,z] entries=9000 values=90000`

const view: TreeView = {
  version: parseVersion(TREE),
  memtableBytes: 2000,
  state: null,
  inProgress: [],
  oldestSnapshotSeq: 0,
  nowMs: 0,
  tableStats: () => ({ reads: 0 }),
}

const common = { nextState: null, reason: { trigger: '', formula: '', values: {} } }
const level = (index: number) => view.version.levels[index]!.runs
const bitsOf = (spec: MergeSpec) =>
  withAllocatedFilters(view, spec, 'monkey').outputs.map((output) => output.filter.bitsPerKey)
const expected = (entries: number[], budget = 10) => monkey(entries, budget, falsePositiveRate)

describe('an output gets the bits of its run, beside all runs the tree has now', () => {
  const inputs = [...wholeRuns(0, level(0)), ...wholeRuns(1, level(1))]

  test('one that exists grows by what arrives from others', () => {
    const into = { level: 2, run: 1 }
    const outputs = [outputTo(into, null, 10)]
    expect(
      bitsOf({ kind: 'merge', inputs: [...inputs, ...wholeRuns(2, level(2))], outputs, ...common }),
    ).toEqual([expected([100, 400, 9500])[2]])
    const tables = [{ id: 2, smallest: Uint8Array.of(110) }]
    const slices = [
      { level: 1, run: 3, tables },
      { level: 2, run: 1, tables: 'all' as const },
    ]
    expect(bitsOf({ kind: 'merge', inputs: slices, outputs, ...common })).toEqual([
      expected([100, 400, 9100])[2],
    ])
  })

  test('a new one counts beside those it is made of: runs as large will follow', () => {
    const outputs = [outputTo({ level: 2, after: null }, null, 7)]
    expect(bitsOf({ kind: 'merge', inputs, outputs, ...common })).toEqual([
      expected([100, 400, 9000, 500], 7)[3],
    ])
  })

  test('of several, each by its own; neighbours in one new run share it', () => {
    const at = (key: string, run: number | null) => ({
      ...outputTo(run === null ? { level: 1, after: null } : { level: 2, run }, null, 10),
      fromKey: key === '' ? null : Uint8Array.of(key.charCodeAt(0)),
    })
    // Tables that start at a and n: 400 entries, then 100.
    expect(
      bitsOf({ kind: 'merge', inputs, outputs: [at('', null), at('n', 1)], ...common }),
    ).toEqual([expected([100, 400, 9100, 400])[3], expected([100, 400, 9100, 400])[2]])
    const shared = expected([100, 400, 9000, 500])[3]
    expect(
      bitsOf({ kind: 'merge', inputs, outputs: [at('', null), at('n', null)], ...common }),
    ).toEqual([shared, shared])
  })
})

test('a flush gets the bits of a newest run of a whole memtable', () => {
  expect(allocatedFlushFilter(view, { bitsPerKey: 10 }, 'monkey').bitsPerKey).toBe(
    expected([200, 100, 400, 9000])[0],
  )
  const empty = { ...view, version: parseVersion('') }
  expect(allocatedFlushFilter(empty, { bitsPerKey: 10 }, 'monkey')).toEqual({ bitsPerKey: 10 })
})

test('every strategy takes filterAlloc; uniform leaves a spec as it is', () => {
  const tree = { ...view, version: parseVersion(TREE.replace('L2', 'L3')) }
  const bits = (filterAlloc: string) => {
    const strategy = leveling.create({ filterAlloc })
    const spec = strategy.pick(tree)
    return spec?.kind === 'merge'
      ? [spec.outputs[0]!.filter.bitsPerKey, strategy.flushFilter(tree).bitsPerKey]
      : []
  }
  expect(bits('uniform')).toEqual([10, 10])
  expect(bits('monkey')).toEqual([
    expected([100, 500, 9000])[1],
    expected([200, 100, 400, 9000])[0],
  ])
})

test('on the engine the budget holds, at fewer false positives', () => {
  const fill = (filterAlloc: string) => {
    const { db } = openTest({
      strategy: lazyLeveling.create({ T: 4, filterAlloc }),
      options: { memtableBytes: 16 * 1024, compression: 'none' },
    })
    const random = createRandom(3)
    const batch = new WriteBatch()
    for (let n = 0; n < 15_000; n++) {
      batch.clear()
      batch.put(bytes(`${random.nextDouble()}`.padEnd(24)), new Uint8Array(40))
      db.writeSync(batch)
    }
    db.flush()
    const tables = runsNewestFirst(db.version).map(({ run }) => [...tablesOf(run)])
    const bits = tables
      .flat()
      .reduce((sum, table) => sum + table.entries * table.filter.bitsPerKey, 0)
    const rates = tables.map(([first]) => falsePositiveRate(first!.filter.bitsPerKey))
    return {
      bitsPerKey: bits / db.version.totals.entries,
      falsePositives: rates.reduce((sum, rate) => sum + rate, 0),
    }
  }
  const [uniform, water] = [fill('uniform'), fill('monkey')]
  expect(uniform.bitsPerKey).toBe(10)
  expect(water.bitsPerKey).toBeGreaterThan(9)
  expect(water.bitsPerKey).toBeLessThan(10.5)
  expect(water.falsePositives).toBeLessThan(0.6 * uniform.falsePositives)
})
