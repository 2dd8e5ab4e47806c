import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionStrategy, TreeView } from '../../engine/compaction/strategy.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { drain, emptyTree, load, type SteppedTree, viewOf } from '../testing/stepper.ts'
import { deleteAware } from './delete-aware.ts'
import { levelingPartial } from './leveling-partial.ts'

function textView(tree: string, nowMs: number, oldestSnapshotSeq = 1000): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [] },
    inProgress: [],
    oldestSnapshotSeq,
    nowMs,
    tableStats: () => ({ reads: 0 }),
  }
}

/** Four levels at T = 4 split 2100 ms into 100, 400 and 1600. */
const SPLIT = deleteAware.create({ T: 4, deleteTtlMs: 2100 })

const treeWithTombstonesIn = (level: number) =>
  [0, 1, 2, 3]
    .map((at) => {
      const facts = at === level ? ' tombstones=1 deleted=1000 seq=7' : ''
      return `L${at}\n R${9 - at}: ${at + 1}[a,b] values=5${facts}; ${at + 11}[c,d] values=5`
    })
    .join('\n')

describe('the deadline is split over the levels, T times as long in each', () => {
  test.each([
    [0, 1100, 'merge L0 R9, L1 R8 (tables 2, 12) -> L1 R8'],
    [1, 1500, 'merge L1 R8 (tables 2), L2 R7 (tables 3) -> L2 R7'],
    [2, 3100, 'merge L2 R7 (tables 3), L3 R6 (tables 4) -> L3 R6'],
    [3, 3100, 'merge L3 R6 (tables 4) -> L3 R6'],
  ])('a tombstone of 1000 ms may stay in level %i until %i ms', (level, dueMs, spec) => {
    const tree = treeWithTombstonesIn(level)
    const early = textView(tree, dueMs - 1)
    expect(SPLIT.pick(early)).toBeNull()
    expect(SPLIT.nextDueAt(early)).toBe(dueMs)
    expect(printSpec(SPLIT.pick(textView(tree, dueMs)))).toBe(
      `${spec} because tombstone age ≥ d(0) + … + d(level)`,
    )
  })

  test('a tree of one level below 0 has all the time in level 0', () => {
    const tree = 'L0\n R2: 2[a,b] tombstones=1 deleted=0\nL1\n R1: 1[a,b]'
    expect(SPLIT.nextDueAt(textView(tree, 0))).toBe(2100)
  })
})

describe('of several expired tables', () => {
  const both = `
    L1
      R3: 1[a,b] tombstones=1 deleted=0; 2[c,d] tombstones=3 deleted=5; 3[e,f] tombstones=3 deleted=0
    L2
      R2: 4[a,z] tombstones=9 deleted=0
    L3
      R1: 5[a,z]`
  const tableAt = (tree: TreeView) => SPLIT.pick(tree)?.reason.values.table

  test('the smallest level goes first, the most tombstones, the cursor', () => {
    const view = textView(both, 9999)
    expect(tableAt(view)).toBe(2)
    const cursors = [null, [...'d'].map((c) => c.charCodeAt(0).toString(16)).join('')]
    expect(tableAt({ ...view, state: { cursors } })).toBe(3)
  })
})

describe('tombstones in the deepest level that a snapshot holds', () => {
  const tree = 'L0\n R2: 2[x,y]\nL1\n R1: 1[a,b] tombstones=1 deleted=0 seq=50'

  test('wait for it, and no time makes them due', () => {
    expect(SPLIT.pick(textView(tree, 9999, 49))).toBeNull()
    expect(SPLIT.nextDueAt(textView(tree, 9999, 49))).toBeNull()
    expect(printSpec(SPLIT.pick(textView(tree, 9999, 50)))).toMatch(/^merge L1 R1 .*-> L1 R1 /)
  })
})

/** Lethe's DD is a trigger and a choice; SO and SD choose at saturation. */
test('an expired tombstone goes first, in a saturated level too and in both modes', () => {
  const tree = `
    L1
      R2: 1[a,b] values=30 entries=9 tombstones=5 deleted=900; 2[c,d] values=30 entries=9 tombstones=1 deleted=0
    L2
      R1: 3[a,z] values=9`
  for (const mode of ['so', 'sd']) {
    const pickAt = (nowMs: number) =>
      deleteAware.create({ mode, deleteTtlMs: 500 }).pick(textView(tree, nowMs))?.reason
    expect(pickAt(499)).toMatchObject({ trigger: 'level saturation' })
    expect(pickAt(500)).toMatchObject({ trigger: 'tombstone-TTL', values: { table: 2 } })
  }
})

test('saturated levels give the table the mode names', () => {
  const tree = `
    L1
      R2: 1[a,b] values=12 entries=9; 2[c,d] values=12 entries=9 tombstones=2 deleted=9; 3[e,f] values=12 entries=9 tombstones=1 deleted=5; 4[g,h] values=12 entries=9
    L2
      R1: 5[a,b] values=9; 6[c,d] values=9; 7[e,f] values=9; 8[g,h] values=1`
  const table = (mode: string) =>
    deleteAware.create({ mode }).pick(textView(tree, 10))?.reason.values.table
  expect(table('so')).toBe(4)
  expect(table('sd')).toBe(2)
})

function oldestTombstoneMs(version: Version): number {
  const tables = runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
  return Math.min(Infinity, ...tables.map((table) => table.oldestTombstoneAtMs ?? Infinity))
}

test('no tombstone outlives its deadline by more than the compaction then due', () => {
  const step = fc.record({
    keys: fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 8, size: 'max' }),
    deleted: fc.nat(4),
    elapsedMs: fc.nat(60),
  })
  const params = fc.record({
    T: fc.integer({ min: 2, max: 5 }),
    deleteTtlMs: fc.integer({ min: 1, max: 2000 }),
    mode: fc.constantFrom('so', 'sd'),
    l0Trigger: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(params, fc.array(step, { maxLength: 120, size: 'max' }), (values, steps) => {
      const strategy = deleteAware.create(values)
      let tree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
      for (const { keys, deleted, elapsedMs } of steps) {
        // Between flushes the clock wakes the strategy exactly when it asked to be woken.
        const untilMs = tree.nowMs + elapsedMs
        for (;;) {
          const dueMs = strategy.nextDueAt(viewOf(tree))
          if (dueMs === null || dueMs > untilMs) break
          tree = drain({ ...tree, nowMs: Math.max(dueMs, tree.nowMs) }, strategy).tree
        }
        tree = { ...tree, nowMs: untilMs }
        expect(oldestTombstoneMs(tree.version)).toBeGreaterThan(untilMs - values.deleteTtlMs)
        tree = load(tree, strategy, keys, new Set(keys.filter((key) => key % 5 === deleted))).tree
        expect(oldestTombstoneMs(tree.version)).toBeGreaterThan(untilMs - values.deleteTtlMs)
      }
    }),
    { numRuns: 60 },
  )
})

describe('what the deadline costs, with one delete in ten', () => {
  const BUFFERS = 400

  function run(strategy: CompactionStrategy): SteppedTree {
    const random = createRandom(7)
    let tree = emptyTree(strategy, { memtableBytes: 16, entryBytes: 1 })
    for (let buffer = 0; buffer < BUFFERS; buffer++) {
      const keys = new Set(Array.from({ length: 16 }, () => random.nextBelow(4000)))
      const deleted = new Set([...keys].filter(() => random.nextBelow(10) === 0))
      tree = load({ ...tree, nowMs: tree.nowMs + 10 }, strategy, [...keys], deleted).tree
    }
    return tree
  }

  const tombstones = (tree: SteppedTree) => tree.version.totals.tombstones
  const without = run(levelingPartial.create({ l0Trigger: 1 }))
  const shares = [0.5, 0.25, 1 / 6]
  const within = shares.map((share) =>
    run(deleteAware.create({ l0Trigger: 1, deleteTtlMs: BUFFERS * 10 * share })),
  )

  test('writes grow as the deadline shrinks, by less than half', () => {
    const ratios = within.map((tree) => tree.writtenBytes / without.writtenBytes)
    // At half the run the deadline hardly binds, and what it drops early saves as much.
    expect(ratios[0]).toBeGreaterThan(0.98)
    expect(ratios[1]).toBeGreaterThan(ratios[0]!)
    expect(ratios[2]).toBeGreaterThan(ratios[1]!)
    expect(ratios[2]).toBeLessThan(1.4)
  })

  test('fewer tombstones and what they hide remain', () => {
    for (const tree of within) {
      expect(tombstones(tree)).toBeLessThan(tombstones(without))
      expect(tree.version.totals.entries).toBeLessThan(without.version.totals.entries)
    }
  })

  test('without a deadline tombstones of any age remain', () => {
    expect(oldestTombstoneMs(without.version)).toBeLessThan((BUFFERS * 10) / 2)
  })
})
