import { describe, expect, test } from 'vitest'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import { universal } from './universal.ts'

/** Runs of level 0 of these bytes, newest first: R1 is the newest. */
const level0 = (...bytes: number[]) =>
  ['L0', ...bytes.map((each, at) => `R${at + 1}: ${at + 1}[a,z] bytes=${each}`)].join('\n')

function viewOf(tree: string, inProgress: readonly CompactionSpec[] = [], nowMs = 0): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: null,
    inProgress,
    oldestSnapshotSeq: 0,
    nowMs,
    tableStats: () => ({ reads: 0 }),
  }
}

const pick = (params: Record<string, unknown>, tree: string, nowMs = 0) =>
  printSpec(universal.create(params).pick(viewOf(tree, [], nowMs)))

/** Oldest runs so large that nothing is amplified, and no ratio spans the gap. */
const LARGE = '\nL6\nR99: 99[a,z] bytes=100000'

describe('the rules, in RocksDB’s order', () => {
  test.each([
    ['below the trigger nothing is due', {}, level0(10, 10, 10), 'nothing'],
    [
      'size amplification: newer runs of twice the oldest merge with it into the last level',
      {},
      level0(50, 50, 100, 100),
      'merge L0 R1, L0 R2, L0 R3, L0 R4 -> L6 new because ' +
        'newer · 100 ≥ max_size_amplification_percent · oldest',
    ],
    [
      'size ratio: while the sum so far, and one percent, is as large as the next',
      {},
      level0(10, 10, 20, 41) + LARGE,
      'merge L0 R1, L0 R2, L0 R3 -> L0 R3 because size · (100 + size_ratio) / 100 ≥ next',
    ],
    [
      'size ratio: one percent makes the difference',
      {},
      level0(100, 101, 300, 900) + LARGE,
      'merge L0 R1, L0 R2 -> L0 R2 because size · (100 + size_ratio) / 100 ≥ next',
    ],
    [
      'size ratio: the newest stretch of enough runs, wherever it begins',
      { min_merge_width: 3 },
      level0(10, 10, 1000, 1000, 1000) + LARGE,
      'merge L0 R3, L0 R4, L0 R5 -> L5 new because size · (100 + size_ratio) / 100 ≥ next',
    ],
    [
      'size ratio, similar sizes: neither is the next far larger nor far smaller',
      { stop_style: 'similar' },
      level0(10, 10, 20, 5) + LARGE,
      'merge L0 R1, L0 R2 -> L0 R2 because size · (100 + size_ratio) / 100 ≥ next',
    ],
    [
      'fewer runs: the newest of too many, whatever their sizes',
      {},
      level0(10, 20, 40, 80) + LARGE,
      'merge L0 R1, L0 R2 -> L0 R2 because runs > max_read_amp',
    ],
    [
      'fewer runs: as many as it takes to come to the limit',
      { max_read_amp: 4, level0_file_num_compaction_trigger: 4 },
      level0(10, 20, 40, 80, 160) + LARGE,
      'merge L0 R1, L0 R2, L0 R3 -> L0 R3 because runs > max_read_amp',
    ],
    ['… which may be higher', { max_read_amp: 5 }, level0(10, 20, 40, 80) + LARGE, 'nothing'],
    [
      '… or follow from the largest run: 10, 10.1, 20.3, …',
      { max_read_amp: 0 },
      level0(10, 20, 40, 80) + LARGE,
      'nothing',
    ],
    [
      'deletions: from the run with enough of them to the oldest',
      { deletion_ratio: 0.5 },
      'L0\nR1: 1[a,z] bytes=10\nR2: 2[a,z] bytes=30 entries=4 tombstones=2\nR3: 3[a,z] bytes=90',
      'merge L0 R2, L0 R3 -> L6 new because tombstones / entries ≥ deletion_ratio',
    ],
    [
      'deletions in the oldest run are nobody’s',
      { deletion_ratio: 0.5 },
      'L0\nR1: 1[a,z] bytes=10\nR3: 3[a,z] bytes=90 entries=4 tombstones=2',
      'nothing',
    ],
  ])('%s', (_, params, tree, expected) => {
    expect(pick(params, tree)).toBe(expected)
  })

  test('an old table merges all, below the trigger too', () => {
    const tree = `${level0(10, 20)} created=5000${LARGE} created=9000`
    const params = { periodic_compaction_seconds: 2 }
    expect(pick(params, tree, 2_000)).toBe('nothing')
    expect(pick(params, tree, 7_001)).toBe(
      'merge L0 R1, L0 R2, L6 R99 -> L6 R99 because age > periodic_compaction_seconds',
    )
    const all = `L6\nR1: 1[a,z] created=5000`
    expect(universal.create(params).nextDueAt(viewOf(all, [], 6000))).toBe(7001)
  })
})

describe('reads', () => {
  const tree = `L0\nR1: 1[a,z] bytes=10\nR2: 2[a,z] bytes=30${LARGE}`
  const pickRead = (threshold: number, reads: Readonly<Record<number, number>>, read = tree) => {
    const params = { read_triggered_compaction_threshold: threshold }
    const view = { ...viewOf(read), tableStats: (id: number) => ({ reads: reads[id] ?? 0 }) }
    return printSpec(universal.create(params).pick(view))
  }

  test('the run read most per byte merges with the next older one, once read enough', () => {
    const formula = 'reads / bytes ≥ read_triggered_compaction_threshold'
    expect(pickRead(2, { 1: 19, 2: 59 })).toBe('nothing')
    expect(pickRead(2, { 1: 20, 2: 59 })).toBe(`merge L0 R1, L0 R2 -> L5 new because ${formula}`)
    expect(pickRead(2, { 1: 20, 2: 61 })).toBe(`merge L0 R2, L6 R99 -> L6 R99 because ${formula}`)
    expect(pickRead(0, { 1: 1000 })).toBe('nothing')
  })

  test('those of the oldest run are nobody’s, and every other rule comes first', () => {
    expect(pickRead(2, { 99: 1e9 })).toBe('nothing')
    const due = `${level0(10, 10, 20, 41)}${LARGE}`
    expect(pickRead(2, { 4: 1e9 }, due)).toMatch(/because size · /)
  })
})

describe('places', () => {
  test('what stops at a level goes to the one above it', () => {
    const tree = `${level0(10, 10, 10)}\nL4\nR8: 8[a,z] bytes=1000${LARGE}`
    expect(pick({}, tree)).toMatch(/^merge L0 R1, L0 R2, L0 R3 -> L3 new/)
    expect(pick({}, tree.replace('L4', 'L1'))).toMatch(/^merge L0 R1, L0 R2, L0 R3 -> L0 R3/)
  })

  test('runs of several levels meet in the level of the oldest, when that is the right one', () => {
    const tree = `${level0(10, 10, 10)}\nL5\nR8: 8[a,z] bytes=20${LARGE}`
    expect(pick({}, tree)).toMatch(/^merge L0 R1, L0 R2, L0 R3, L5 R8 -> L5 R8/)
  })
})

test('runs at work are passed over, and end a stretch', () => {
  const strategy = universal.create()
  const tree = level0(10, 10, 10, 10, 1000) + LARGE
  const running = (from: number, to: number): CompactionSpec => ({
    kind: 'merge',
    inputs: Array.from({ length: to - from }, (_, at) => ({
      level: 0,
      run: from + at,
      tables: 'all' as const,
    })),
    outputs: [],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  })
  expect(printSpec(strategy.pick(viewOf(tree, [running(3, 5)])))).toMatch(
    /^merge L0 R1, L0 R2 -> L0 R2/,
  )
  expect(printSpec(strategy.pick(viewOf(tree, [running(1, 3)])))).toMatch(
    /^merge L0 R3, L0 R4 -> L0 R4/,
  )
})

test('a limit below the trigger is refused, as in RocksDB', () => {
  expect(() => universal.create({ max_read_amp: 3 })).toThrow(
    'universal: max_read_amp must be −1, 0, or at least the trigger of 4',
  )
})

test('updates keep the newer runs under twice the oldest', () => {
  const strategy = universal.create()
  let tree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
  for (let buffer = 0; buffer < 300; buffer++) {
    tree = load(
      tree,
      strategy,
      Array.from({ length: 8 }, (_, at) => (buffer * 37 + at * 11) % 256),
    ).tree
    const runs = tree.version.levels.flatMap((level) => level.runs)
    const oldest = runs.at(-1)!.totals.bytes
    if (runs.length < 4) continue
    expect(tree.version.totals.bytes - oldest).toBeLessThan(2 * oldest)
  }
})
