import { describe, expect, test } from 'vitest'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { leveling } from '../leveling.ts'
import { outputTo, wholeRuns } from '../specs.ts'
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
const bitsOf = (spec: CompactionSpec) =>
  withAllocatedFilters(view, spec, 'monkey').kind === 'merge'
    ? (
        withAllocatedFilters(view, spec, 'monkey') as Extract<CompactionSpec, { kind: 'merge' }>
      ).outputs.map((output) => output.filter.bitsPerKey)
    : []
const expected = (entries: number[], budget = 10) => monkey(entries, budget, falsePositiveRate)

describe('an output gets the bits of the run it will be part of', () => {
  const level0 = wholeRuns(0, view.version.levels[0]!.runs)

  test('that existed: what stays in it counts', () => {
    const inputs = [
      ...level0,
      { level: 1, run: 3, tables: [{ id: 2, smallest: Uint8Array.of(110) }] },
    ]
    const outputs = [outputTo({ level: 1, run: 3 }, null, 10)]
    expect(bitsOf({ kind: 'merge', inputs, outputs, ...common })).toEqual([
      expected([500, 9000])[0],
    ])
  })

  test('that is new: the runs it was made of are gone', () => {
    const inputs = [...level0, ...wholeRuns(1, view.version.levels[1]!.runs)]
    const outputs = [outputTo({ level: 2, after: null }, null, 7)]
    expect(bitsOf({ kind: 'merge', inputs, outputs, ...common })).toEqual([
      expected([500, 9000], 7)[0],
    ])
  })

  test('of several, each by its own; neighbours in one new run share it', () => {
    const inputs = [...level0, ...wholeRuns(1, view.version.levels[1]!.runs)]
    const at = (key: string, run: number | null) => ({
      ...outputTo(run === null ? { level: 1, after: null } : { level: 2, run }, null, 10),
      fromKey: key === '' ? null : Uint8Array.of(key.charCodeAt(0)),
    })
    // Tables that start at a and n: 400 entries, then 100.
    expect(
      bitsOf({ kind: 'merge', inputs, outputs: [at('', null), at('n', 1)], ...common }),
    ).toEqual(expected([400, 9100]))
    expect(
      bitsOf({ kind: 'merge', inputs, outputs: [at('', null), at('n', null)], ...common }),
    ).toEqual([expected([500, 9000])[0], expected([500, 9000])[0]])
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
  expect(bits('monkey')).toEqual([expected([500, 9000])[0], expected([200, 100, 400, 9000])[0]])
})
