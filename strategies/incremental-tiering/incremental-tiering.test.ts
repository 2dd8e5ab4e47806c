import { describe, expect, test } from 'vitest'
import type { RunId } from '../../engine/version/run.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { rawBytes } from '../../engine/version/table-meta.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runCount, runsNewestFirst } from '../../engine/version/version.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { apply, emptyTree, flush, load, type SteppedTree, viewOf } from '../testing/stepper.ts'
import { tiering } from '../whole-levels/tiering.ts'
import { incrementalTiering } from './incremental-tiering.ts'

/** The pick from a tree, with tables of 20 bytes: runs below one byte would be small. */
function specOf(
  tree: string,
  params: Record<string, unknown> = {},
  merging: readonly RunId[] | null = null,
) {
  return incrementalTiering.create(params).pick({
    version: parseVersion(tree),
    memtableBytes: 20,
    state: { merging },
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  })
}

/** Runs of one table each, of these bytes, newest first. */
const runs = (...sizes: number[]) =>
  ['L0', ...sizes.map((bytes, at) => `R${at + 1}: ${at + 1}[a,z] values=${bytes}`)].join('\n')

/** Decisions of `incremental_compaction_strategy.cc`; it sorts runs by size, as these are. */
describe('buckets as Scylla makes them', () => {
  test.each([
    ['three similar runs rest', runs(100, 100, 100, 1000), {}, 'nothing'],
    ['four merge, into the oldest', runs(100, 100, 100, 100, 1000), {}, 'R1 R2 R3 R4'],
    ['1.4142 times the mean is not similar', runs(1000, 1000, 1000, 1415), {}, 'nothing'],
    ['less is', runs(1000, 1000, 1000, 1414), {}, 'R1 R2 R3 R4'],
    // 192 < 1.4142 · 136.3, but the mean would grow to 150.25, and 100 < 0.7071 · 150.25.
    ['the mean does not drift off the smallest run', runs(100, 140, 169, 192), {}, 'nothing'],
    [
      'small runs are similar, whatever their sizes',
      runs(1, 3, 9, 27),
      { min_sstable_size: 28 },
      'R1 R2 R3 R4',
    ],
    ['unless one is not small', runs(1, 3, 9, 28), { min_sstable_size: 28 }, 'nothing'],
    [
      'the bucket with the most runs goes first',
      runs(...Array(4).fill(9), ...Array(5).fill(90)),
      {},
      'R5 R6 R7 R8 R9',
    ],
    [
      'of equal ones the smallest runs',
      runs(...Array(4).fill(9), ...Array(4).fill(90)),
      {},
      'R1 R2 R3 R4',
    ],
    ['at most max_threshold runs', runs(9, 9, 9, 9, 9, 9), { max_threshold: 5 }, 'R1 R2 R3 R4 R5'],
    [
      'two are enough if min_threshold is not enforced',
      runs(9, 90, 90),
      { compaction_enforce_min_threshold: false },
      'R2 R3',
    ],
    [
      'which full buckets precede',
      runs(9, 9, 9, 90, 90, 90, 90),
      { compaction_enforce_min_threshold: false },
      'R4 R5 R6 R7',
    ],
  ])('%s', (_, tree, params, expected) => {
    const spec = specOf(tree, params)
    expect(spec?.inputs.map(({ run }) => `R${run}`).join(' ') ?? 'nothing').toBe(expected)
  })

  test('a run among larger ones goes with them', () => {
    expect(printSpec(specOf(runs(100, 10, 100, 100)))).toBe(
      'merge L0 R1, L0 R2, L0 R3, L0 R4 -> L0 R4 because similar runs ≥ min_threshold',
    )
  })

  // From `incremental_compaction_sag_test`, in millions: a data set, and quarters of it.
  test.each([
    ['1.5 is above 1.25', 1.25, [250, 250, 1000], 'R1 R2 R3'],
    ['1.5 is below 2', 2, [250, 250, 1000], 'nothing'],
    ['1.75 is above 1.5', 1.5, [250, 250, 250, 1000], 'R1 R2 R3 R4'],
    ['1.5 is above 1.01', 1.01, [250, 250, 1000], 'R1 R2 R3'],
    ['1.5 is not above 1.5', 1.5, [250, 250, 1000], 'nothing'],
    ['full buckets precede', 1.5, [10, 10, 10, 10, 250, 250, 250, 1000], 'R1 R2 R3 R4'],
  ])('space_amplification_goal: %s', (_, goal, sizes, expected) => {
    const spec = specOf(runs(...sizes), { space_amplification_goal: goal })
    expect(spec?.inputs.map(({ run }) => `R${run}`).join(' ') ?? 'nothing').toBe(expected)
  })
})

describe('a merge in steps', () => {
  const BUCKET = `L0
    R9: 1[a,e] values=20; 2[h,k] values=20; 3[p,t] values=20
    R8: 4[b,f] values=20; 5[g,m] values=20; 6[n,z] values=20
    R7: 7[a,f] values=20; 8[i,m] values=20; 9[o,t] values=20`
  const three = { min_threshold: 3 }

  test('takes the first range that no table crosses, of all runs', () => {
    const spec = specOf(BUCKET, three)
    expect(printSpec(spec)).toBe(
      'merge L0 R9 (tables 1), L0 R8 (tables 4), L0 R7 (tables 7) -> L0 R7 because ' +
        'similar runs ≥ min_threshold',
    )
    expect(spec?.nextState).toEqual({ merging: [9, 8, 7] })
  })

  const begun = `L0
    R10: 20[a,z] values=60
    R9: 2[h,k] values=20; 3[p,t] values=20
    R8: 5[g,m] values=20; 6[n,z] values=20
    R7: 10[a,c] values=30; 11[d,f] values=30; 8[i,m] values=20; 9[o,t] values=20`

  test('goes on from the smallest key, before any other bucket, until one run is left', () => {
    const next = specOf(begun, { min_threshold: 2 }, [9, 8, 7])
    expect(printSpec(next)).toBe(
      'merge L0 R9 (tables 2), L0 R8 (tables 5), L0 R7 (tables 8) -> L0 R7 because ' +
        'bucket not merged to its end',
    )
    const last = specOf(
      `L0
        R9: 3[p,t] values=20
        R8: 6[n,z] values=20
        R7: 10[a,c] values=30; 11[d,m] values=60; 9[o,t] values=20`,
      three,
      [9, 8, 7],
    )
    expect(printSpec(last)).toBe(
      'merge L0 R9, L0 R8, L0 R7 (tables 9) -> L0 R7 because bucket not merged to its end',
    )
    expect(last?.nextState).toEqual({ merging: null })
  })

  test('is forgotten if another strategy has put a run between', () => {
    const changed = begun.replace('R8:', 'R5: 12[a,b] values=900\nR8:')
    expect(specOf(changed, { min_threshold: 6 }, [9, 8, 7])).toBeNull()
  })

  test('leaves tables of the oldest run alone that no newer one overlaps', () => {
    const ordered = `L0
      R2: 3[n,p] values=20; 4[q,z] values=20
      R1: 1[a,e] values=20; 2[f,m] values=20`
    expect(printSpec(specOf(ordered, { min_threshold: 2 }))).toMatch(
      /^merge L0 R2 \(tables 3\) -> L0 R1 /,
    )
  })

  test('cuts at every n-th border of the next older run', () => {
    const spec = specOf(`${runs(10, 10, 10, 10)}
      R90: 91[a,c] values=90; 92[d,f] values=90; 93[g,i] values=90; 94[j,z] values=90`)
    const outputs = spec?.kind === 'merge' ? spec.outputs : []
    expect(outputs.map(({ cutKeys }) => cutKeys.map((key) => String.fromCharCode(...key)))).toEqual(
      [['g']],
    )
    expect(outputs[0]?.targetTableBytes).toBe(40)
  })
})

/** Keys of buffer `at`, scattered over the key space, all different. */
const scattered = (at: number) =>
  Array.from({ length: 8 }, (_, index) => Math.imul(8 * at + index, 0x9e3779b1) >>> 0)

describe('a load of 256 buffers of unique keys', () => {
  const sizes = { memtableBytes: 8, entryBytes: 1 }

  /** The most bytes that one merge wrote while its inputs were still there. */
  function largestMerge(strategy: ReturnType<typeof tiering.create>) {
    let tree: SteppedTree = emptyTree(strategy, sizes)
    let largest = 0
    for (let at = 0; at < 256; at++) {
      tree = flush(tree, scattered(at))
      for (
        let spec = strategy.pick(viewOf(tree));
        spec !== null;
        spec = strategy.pick(viewOf(tree))
      ) {
        const before = tree.writtenBytes
        tree = apply(tree, spec)
        largest = Math.max(largest, tree.writtenBytes - before)
      }
    }
    expect(runCount(tree.version)).toBe(1)
    return { largest, written: tree.writtenBytes }
  }

  test('each buffer is copied once a tier, at most some buffers at a time', () => {
    const steps = largestMerge(incrementalTiering.create())
    // Tables that nothing newer overlaps are not copied; there are a few.
    expect(steps.written / (256 * 8)).toBeCloseTo(5, 1)
    expect(steps.largest).toBeLessThanOrEqual(8 * 8)
    expect(largestMerge(tiering.create()).largest).toBe(256 * 8)
  })

  test('tables keep to their size', () => {
    const strategy = incrementalTiering.create()
    let tree = emptyTree(strategy, sizes)
    for (let at = 0; at < 200; at++) tree = load(tree, strategy, scattered(at)).tree
    const tables = runsNewestFirst(tree.version).flatMap(({ run }) => [...tablesOf(run)])
    expect(Math.max(...tables.map(rawBytes))).toBeLessThanOrEqual(16)
    expect(tree.version.totals.rawBytes / tables.length).toBeGreaterThan(6)
  })
})
