import { describe, expect, test } from 'vitest'
import { parseVersion } from '../engine/version/text.ts'
import { printSpec } from './primitives/print-spec.ts'
import { emptyTree, load } from './testing/stepper.ts'
import { timeWindow } from './time-window.ts'

const MINUTE = 60_000

/** Windows of a minute, and memtables of 10 bytes: smaller runs all count as similar. */
function viewOf(tree: string, nowMs: number) {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs,
    tableStats: () => ({ reads: 0 }),
  }
}
const minutes = { compaction_window_unit: 'MINUTES' }
const pick = (params: Record<string, unknown>, tree: string, nowMs: number) =>
  printSpec(timeWindow.create({ ...minutes, ...params }).pick(viewOf(tree, nowMs)))

/** Runs written in the first minute, of these bytes, newest first. */
const runs = (...sizes: number[]) =>
  ['L0', ...sizes.map((bytes, at) => `R${at + 1}: ${at + 1}[a,z] bytes=${bytes}`)].join('\n')

describe('the current window', () => {
  test.each([
    ['fewer than min_threshold rest', runs(10, 10, 10), 'nothing'],
    [
      'four of similar size merge, into the oldest of them',
      runs(10, 14, 13, 12, 40),
      'merge L0 R1, L0 R2, L0 R3, L0 R4 -> L0 R4 because similar runs ≥ min_threshold',
    ],
    [
      'the newest such stretch, wherever it begins',
      runs(10, 40, 40, 40, 40, 40),
      'merge L0 R2, L0 R3, L0 R4, L0 R5, L0 R6 -> L0 R6 because similar runs ≥ min_threshold',
    ],
    ['half as large again is not similar', runs(10, 10, 10, 15), 'nothing'],
    ['half as large is not similar', runs(40, 40, 20, 40), 'nothing'],
    [
      'a smaller run among larger ones goes with them, uncounted',
      runs(40, 40, 20, 40, 40),
      'merge L0 R1, L0 R2, L0 R3, L0 R4, L0 R5 -> L0 R5 because similar runs ≥ min_threshold',
    ],
    [
      'runs below the memtable size are all similar',
      runs(9, 1, 8, 2),
      'merge L0 R1, L0 R2, L0 R3, L0 R4 -> L0 R4 because similar runs ≥ min_threshold',
    ],
  ])('%s', (_, tree, expected) => {
    expect(pick({}, tree, MINUTE - 1)).toBe(expected)
  })

  test('at most max_threshold at once', () => {
    expect(pick({ max_threshold: 5 }, runs(10, 10, 10, 10, 10, 10, 10), 0)).toMatch(/-> L0 R5/)
  })
})

describe('a closed window', () => {
  const TREE = `L0
    R5: 5[a,z] bytes=10 written=60001
    R4: 4[a,z] bytes=10 written=60000
    R3: 3[a,z] bytes=90 written=59999
    R2: 2[a,z] bytes=10 written=10
    R1: 1[a,z] bytes=10 written=5`

  test('becomes one run, whatever the sizes, and stays apart', () => {
    expect(pick({}, TREE, MINUTE + 2)).toBe(
      'merge L0 R3, L0 R2, L0 R1 -> L0 R1 because window < current window',
    )
    expect(pick({}, TREE, 2 * MINUTE)).toMatch(/^merge L0 R5, L0 R4 -> L0 R4/)
  })

  test('by the clock: its end is when it is due', () => {
    const two = runs(10, 10)
    const strategy = timeWindow.create(minutes)
    expect(strategy.nextDueAt(viewOf(two, 5))).toBe(MINUTE)
    expect(pick({}, two, MINUTE - 1)).toBe('nothing')
    expect(pick({}, two, MINUTE)).toMatch(/^merge L0 R1, L0 R2/)
    expect(strategy.nextDueAt(viewOf(runs(10), 5))).toBeNull()
  })
})

describe('expiry', () => {
  const TREE = `L0
    R3: 3[a,z] bytes=10 created=61000 written=61000
    R2: 2[a,z] bytes=10 created=60500 written=60000
    R1: 1[a,m] bytes=10 created=1000; 4[n,z] bytes=10 created=2000`
  /** Looks for expired runs at any time, and grants none of it more time. */
  const AT_ONCE = { gc_grace_seconds: 0, expired_sstable_check_frequency_seconds: 0 }
  const params = { default_time_to_live: 1, ...AT_ONCE }
  const dueAt = (values: Record<string, unknown>, tree = TREE, nowMs = 2500) =>
    timeWindow.create({ ...minutes, ...values }).nextDueAt(viewOf(tree, nowMs))

  test('drops whole runs, from the oldest, once their newest table has outlived its time', () => {
    expect(pick(params, TREE, 3000)).toBe('nothing')
    expect(pick(params, TREE, 3001)).toBe(
      'drop L0 R1 -> nowhere because age > default_time_to_live + gc_grace_seconds',
    )
    expect(pick(params, TREE, 61_501)).toMatch(/^drop L0 R2, L0 R1 -> nowhere/)
    expect(dueAt(params)).toBe(3001)
  })

  test('never, unless told', () => {
    expect(pick({}, TREE.replace('R3', 'R9'), 62_000)).not.toMatch(/drop/)
  })

  /** Cassandra `getFullyExpiredSSTables`: `maxLocalDeletionTime < gcBefore`. */
  test('not before the grace is over; by default ten windows', () => {
    const graced = { ...params, gc_grace_seconds: 5 }
    expect(pick(graced, TREE, 8000)).toBe('nothing')
    expect(pick(graced, TREE, 8001)).toMatch(/^drop L0 R1 /)
    expect(dueAt(graced)).toBe(8001)
    expect(dueAt({ ...params, gc_grace_seconds: -1 }, 'L0\nR1: 1[a,z] created=2000')).toBe(
      3001 + 10 * MINUTE,
    )
  })

  /** Cassandra `getNextBackgroundSSTables`: `lastExpiredCheck`. */
  test('only at a look; by default at 144 of them in a window', () => {
    const looked = { ...params, expired_sstable_check_frequency_seconds: 4 }
    expect(pick(looked, TREE, 3999)).toBe('nothing')
    expect(pick(looked, TREE, 4000)).toMatch(/^drop L0 R1 /)
    expect(dueAt(looked)).toBe(4000)
    const often = { ...params, expired_sstable_check_frequency_seconds: -1 }
    expect(dueAt(often)).toBe(8 * Math.round(MINUTE / 144))
  })

  test('an expired run waits for older ones that are not', () => {
    const tree = 'L0\nR2: 2[a,m] created=500\nR1: 1[n,z] created=2000'
    expect(pick(params, tree, 3000)).toBe('nothing')
    expect(dueAt(params, tree)).toBe(3001)
  })

  test('aggressively it does not, unless they overlap', () => {
    const aggressive = { ...params, unsafe_aggressive_sstable_expiration: true }
    const tree = 'L0\nR2: 2[a,m] created=500\nR1: 1[n,z] created=2000'
    expect(dueAt(aggressive, tree, 100)).toBe(1501)
    expect(pick(aggressive, tree, 1500)).toBe('nothing')
    expect(pick(aggressive, tree, 1501)).toMatch(/^drop L0 R2 /)
    const overlapping = tree.replace('1[n,z]', '1[c,z]')
    expect(pick(aggressive, overlapping, 3000)).toBe('nothing')
    expect(dueAt(aggressive, overlapping, 100)).toBe(3001)
    const around = tree.replace('2[a,m]', '2[a,b]; 3[y,z]').replace('1[n,z]', '1[m,n]')
    expect(pick(aggressive, around, 1501)).toMatch(/^drop L0 R2 /)
  })
})

test('a window is one run two windows later, and its data was copied a few times at most', () => {
  const strategy = timeWindow.create(minutes)
  let tree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
  const FLUSHES = 640
  for (let flush = 0; flush < FLUSHES; flush++) {
    tree = { ...tree, nowMs: flush * 1000 }
    const keys = Array.from({ length: 8 }, (_, at) => at * FLUSHES + flush)
    tree = load(tree, strategy, keys).tree
    const closed = Math.floor(flush / 60)
    expect(tree.version.totals.tables).toBeGreaterThan(0)
    expect(tree.version.levels[0]!.runs.length).toBeLessThanOrEqual(closed + 3 * 4)
  }
  // A window has sixty flushes. Each entry is copied at most four times: by the flush, by the
  // merges of 4 and of 16 runs, and by the merge that closes the window.
  expect(tree.writtenBytes / (8 * FLUSHES)).toBeLessThan(4)
  expect(tree.writtenBytes / (8 * FLUSHES)).toBeGreaterThan(3)
})
