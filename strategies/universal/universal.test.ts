import { describe, expect, test } from 'vitest'
import { printSpec } from '../primitives/print-spec.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import { LARGE, level0, running, viewOf } from './testing/trees.ts'
import { universal } from './universal.ts'

const pick = (params: Record<string, unknown>, tree: string, nowMs = 0) =>
  printSpec(universal.create(params).pick(viewOf(tree, { nowMs })))

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
  ])('%s', (_, params, tree, expected) => {
    expect(pick(params, tree)).toBe(expected)
  })

  test('by default a table of thirty days merges all (RocksDB SanitizeCfOptions)', () => {
    const days = 30 * 24 * 60 * 60 * 1000
    expect(pick({}, level0(10, 20), days)).toBe('nothing')
    expect(pick({}, level0(10, 20), days + 1)).toMatch(/^merge L0 R1, L0 R2 -> L6 new/)
    const params = { periodic_compaction_seconds: 0 }
    expect(pick(params, level0(10, 20), 100 * days)).toBe('nothing')
    expect(universal.create(params).nextDueAt(viewOf(level0(10, 20)))).toBeNull()
  })

  test('an old table merges all, below the trigger too', () => {
    const tree = `${level0(10, 20)} created=5000${LARGE} created=9000`
    const params = { periodic_compaction_seconds: 2 }
    expect(pick(params, tree, 2_000)).toBe('nothing')
    expect(pick(params, tree, 7_001)).toBe(
      'merge L0 R1, L0 R2, L6 R99 -> L6 R99 because age > periodic_compaction_seconds',
    )
    const all = `L6\nR1: 1[a,z] created=5000`
    expect(universal.create(params).nextDueAt(viewOf(all, { nowMs: 6000 }))).toBe(7001)
  })
})

/** RocksDB `compensated_file_size`: two values of average size for each tombstone above half. */
describe('tombstones add to the size of runs that may merge', () => {
  /** An average value has 10 bytes: 1000 / 100 in the oldest run. */
  const older =
    'R3: 3[a,z] bytes=500 values=0 entries=0\nL6\nR9: 9[a,z] bytes=1000 values=1000 entries=100'
  const pickBeside = (newest: string, next: string, params = {}) =>
    pick({ max_read_amp: 9, ...params }, `L0\nR1: 1[a,z] ${newest}\nR2: 2[a,z] ${next}\n${older}`)

  test('so a run with many takes a larger next one', () => {
    const bare = 'bytes=10 values=0 entries=2 tombstones=2'
    // 10 + (2 · 2 − 2) · 10 · 2 = 50, a little more by the ratio of file bytes to raw bytes.
    expect(pickBeside(bare, 'bytes=50 values=0 entries=0')).toMatch(/^merge L0 R1, L0 R2 /)
    expect(pickBeside(bare, 'bytes=150 values=0 entries=0')).toBe('nothing')
    const few = 'bytes=10 values=0 entries=4 tombstones=2'
    expect(pickBeside(few, 'bytes=50 values=0 entries=0')).toBe('nothing')
  })

  test('but not to that of the run they are compared with', () => {
    const dense = 'bytes=50 values=0 entries=9 tombstones=9'
    expect(pickBeside('bytes=50 values=0 entries=0', dense)).toMatch(/^merge L0 R1, L0 R2/)
  })

  test('and they count towards size amplification', () => {
    const dense = 'bytes=50 values=0 entries=30 tombstones=30'
    const params = { max_size_amplification_percent: 100 }
    expect(pickBeside(dense, 'bytes=1 values=0 entries=0', params)).toMatch(/L6 R9 -> L6 R9/)
    const sparse = dense.replace('tombstones=30', 'tombstones=15')
    expect(pickBeside(sparse, 'bytes=1 values=0 entries=0', params)).not.toMatch(/L6/)
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
  expect(printSpec(strategy.pick(viewOf(tree, { inProgress: [running([3, 4])] })))).toMatch(
    /^merge L0 R1, L0 R2 -> L0 R2/,
  )
  expect(printSpec(strategy.pick(viewOf(tree, { inProgress: [running([1, 2])] })))).toMatch(
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
