import { describe, expect, test } from 'vitest'
import { compareBytes } from '../engine/base/compare.ts'
import { createRandom } from '../engine/base/random.ts'
import type { CompactionSpec } from '../engine/compaction/strategy.ts'
import { tablesOf } from '../engine/version/run.ts'
import { rawBytes } from '../engine/version/table-meta.ts'
import { parseVersion } from '../engine/version/text.ts'
import type { StrategyModule } from './define-strategy.ts'
import { printSpec } from './primitives/print-spec.ts'
import { spooky } from './spooky.ts'
import { apply, emptyTree, flush, type SteppedTree, viewOf } from './testing/stepper.ts'
import { leveling } from './whole-levels/leveling.ts'

describe('picks, T = 4 and a memtable of 10 bytes', () => {
  const specOf = (tree: string, draining: number | null = null) =>
    spooky.create().pick({
      version: parseVersion(tree),
      memtableBytes: 10,
      state: { draining },
      inProgress: [],
      oldestSnapshotSeq: 0,
      nowMs: 0,
      tableStats: () => ({ reads: 0 }),
    })
  const DEEPEST = `L3
    R1: 1[a,f] values=130; 2[g,m] values=130; 3[n,z] values=130`

  test('a level above the deepest takes arrivals whole, the last of them cut at its partitions', () => {
    const spec = specOf(`L0\nR9: 9[a,z] values=10\nL1\nR8: 8[b,y] values=30\n${DEEPEST}`)
    expect(printSpec(spec)).toBe('merge L0 R9, L1 R8 -> L2 new because runs(0) ≥ 1')
    expect(cutsOf(spec)).toEqual(['g', 'n'])
    const above = specOf(`L0\nR9: 9[a,z] values=10\nL1\nR8: 8[b,y] values=20\n${DEEPEST}`)
    expect(printSpec(above)).toBe('merge L0 R9, L1 R8 -> L1 R8 because runs(0) ≥ 1')
    expect(cutsOf(above)).toEqual([])
  })

  test('when that is full, the arrival is put beside it, and a drain begins', () => {
    const spec = specOf(`
      L0
        R9: 9[a,z] values=10
      L1
        R8: 8[b,y] values=30
      L2
        R7: 4[a,e] values=60; 5[h,m] values=60
      ${DEEPEST}`)
    expect(printSpec(spec)).toBe('merge L0 R9, L1 R8 -> L2 new because bytes ≥ (T − ½)·unit')
    expect(spec?.nextState).toEqual({ draining: 2 })
    expect(cutsOf(spec)).toEqual(['g', 'n'])
  })

  const DRAINING = `
    L2
      R8: 6[b,c] values=20; 7[g,k] values=20
      R7: 4[a,e] values=60; 5[h,m] values=60
    ${DEEPEST}`

  test('a drain takes one partition after the other, with both runs and one table below', () => {
    const first = specOf(DRAINING, 2)
    expect(printSpec(first)).toBe(
      'merge L2 R8 (tables 6), L2 R7 (tables 4), L3 R1 (tables 1) -> L3 R1 because ' +
        'partition of a full level',
    )
    expect(first?.nextState).toEqual({ draining: 2 })
    const rest = DRAINING.replace('6[b,c] values=20; ', '').replace('4[a,e] values=60; ', '')
    const last = specOf(rest, 2)
    expect(printSpec(last)).toMatch(
      /^merge L2 R8 \(tables 7\), L2 R7 \(tables 5\), L3 R1 \(tables 2\)/,
    )
    expect(last?.nextState).toEqual({ draining: null })
  })

  test('what lies beyond a partition’s last key is still part of it', () => {
    const spec = specOf(`L2\nR7: 4[f5,f9] values=60\n${DEEPEST}`, 2)
    expect(printSpec(spec)).toMatch(/^merge L2 R7 \(tables 4\), L3 R1 \(tables 1\)/)
  })

  test('a table cut at older partitions takes all it spans', () => {
    const spec = specOf(`L2\nR7: 4[e,h] values=60; 5[j,k] values=9; 6[p,q] values=9\n${DEEPEST}`, 2)
    expect(printSpec(spec)).toMatch(/^merge L2 R7 \(tables 4, 5\), L3 R1 \(tables 1, 2\)/)
  })

  test('a full deepest level moves down, unwritten', () => {
    const full = DRAINING.replaceAll('values=130', 'values=300')
    expect(
      printSpec(specOf(`L0\nR9: 9[a,z] values=10\nL1\nR3: 3[a,z] values=30\n${full}`)),
    ).toMatch(/^merge L2 R8, L2 R7 -> L2 R7 because runs > 1/)
    const one = full.replace('R8: 6[b,c] values=20; 7[g,k] values=20', '')
    expect(printSpec(specOf(`L0\nR9: 9[a,z] values=10\nL1\nR3: 3[a,z] values=30\n${one}`))).toBe(
      'move L3 R1 -> L4 new because bytes ≥ (T − ½)·unit',
    )
  })
})

function cutsOf(spec: CompactionSpec | null): string[] {
  if (spec?.kind !== 'merge') return []
  return spec.outputs[0]!.cutKeys.map((key) => new TextDecoder().decode(key))
}

const ENTRIES = 32

interface Measured {
  readonly tree: SteppedTree
  /** Bytes written per byte ingested, after the load. */
  readonly copies: number
  /** The most space in use per byte of live data, with the outputs of a running merge. */
  readonly peak: number
}

/** Loads `buffers` whole buffers of unique keys, then overwrites random keys `updates` times. */
function measure(
  module: StrategyModule,
  params: object,
  buffers: number,
  updates: number,
): Measured {
  const strategy = module.create({ ...params })
  const random = createRandom(5)
  const live = buffers * ENTRIES
  let tree = emptyTree(strategy, { memtableBytes: ENTRIES, entryBytes: 1 })
  let written = 0
  let peak = 0
  for (let buffer = 0; buffer < buffers + updates; buffer++) {
    if (buffer === buffers) written = tree.writtenBytes
    const isLoad = buffer < buffers
    const keys = Array.from({ length: ENTRIES }, (_, at) =>
      isLoad ? at * buffers + buffer : random.nextBelow(live),
    )
    tree = flush(tree, [...new Set(keys)])
    for (
      let spec = strategy.pick(viewOf(tree));
      spec !== null;
      spec = strategy.pick(viewOf(tree))
    ) {
      const before = tree
      tree = apply(tree, spec)
      const fresh = tree.writtenBytes - before.writtenBytes
      if (!isLoad) peak = Math.max(peak, (before.version.totals.bytes + fresh) / live)
    }
  }
  return { tree, copies: (tree.writtenBytes - written) / (updates * ENTRIES), peak }
}

describe('updates of a full tree, T = 10, levels sized by the data', () => {
  const params = { T: 10, sizing: 'dynamic' }
  const full = measure(leveling, params, 99, 300)
  const partitioned = measure(spooky, params, 99, 300)

  test('a full merge needs twice the space, Spooky less than 1.3 times', () => {
    expect(full.peak).toBeGreaterThan(1.9)
    expect(partitioned.peak).toBeLessThan(1.3)
  })

  test('for about the same writes', () => {
    expect(partitioned.copies / full.copies).toBeLessThan(1.15)
    expect(partitioned.copies / full.copies).toBeGreaterThan(0.85)
  })

  test('partitions stay of a size, within the half that splits one, and about as many as asked for', () => {
    const deepest = [...tablesOf(partitioned.tree.version.levels.at(-1)!.runs[0]!)]
    const mean = deepest.reduce((sum, table) => sum + rawBytes(table), 0) / deepest.length
    expect(deepest.length).toBeGreaterThanOrEqual(64)
    expect(deepest.length).toBeLessThanOrEqual(96)
    expect(Math.max(...deepest.map(rawBytes))).toBeLessThan(2.5 * mean)
  })

  test('no table of the level above crosses a partition', () => {
    const { levels } = partitioned.tree.version
    const [above] = levels.at(-2)!.runs
    const starts = [...tablesOf(levels.at(-1)!.runs[0]!)].map(({ smallest }) => smallest).slice(1)
    for (const table of tablesOf(above!)) {
      const crossed = starts.filter(
        (key) => compareBytes(table.smallest, key) < 0 && compareBytes(key, table.largest) <= 0,
      )
      expect(crossed).toEqual([])
    }
  })
})

test('a load costs no more than leveling’s: a full deepest level moves instead of merging', () => {
  const copies = (module: StrategyModule) => measure(module, {}, 255, 0).tree.writtenBytes
  expect(copies(spooky) / copies(leveling)).toBeLessThan(1)
  expect(copies(spooky) / copies(leveling)).toBeGreaterThan(0.85)
})
