import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { editRun, type Run, runOf, tableAt, tablesOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { levelAt } from '../../engine/version/version.ts'
import { keyBytes } from '../testing/stepper.ts'
import { chooseTable, MOVEMENTS, type MovementName } from './movement.ts'
import { leastIndex, NONE_TAKEN, rankedBy } from './table-ranks.ts'

const READS = new Map([
  [1, 5],
  [2, 3],
  [3, 0],
  [4, 0],
])

function viewOf(tree: string, nowMs = 100): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs,
    tableStats: (id) => ({ reads: READS.get(id) ?? 0 }),
  }
}

/** Each movement finds another table of level 1. */
const TREE = `
  L1
    R3: 1[a,b] values=4 entries=4 seq=1-90 tombstones=1 deleted=40; 2[c,d] values=4 entries=4 seq=5-8 tombstones=3 deleted=60; 3[e,f] values=4 entries=4 seq=3-70; 4[g,h] values=4 entries=2 seq=30-31 tombstones=2 deleted=95
  L2
    R2: 11[a,b] values=9; 12[c,d] values=2; 13[e,h] values=9
  L3
    R1: 21[c,h] values=50`

function choose(
  movement: MovementName,
  start = 0,
  tree = TREE,
  nowMs = 100,
  takenIndices: readonly number[] = [],
): number | null {
  const view = viewOf(tree, nowMs)
  const [run] = levelAt(view.version, 1).runs
  const limits = { densityThreshold: 0.5, ttlMs: 30, cursor: null, bytesPerTombstone: 0 }
  const taken = new Set(takenIndices)
  const index = MOVEMENTS[movement]({ view, level: 1, run: run!, start, ...limits, taken })
  return index === null ? null : tableAt(run!, index).id
}

describe('each movement', () => {
  test.each([
    ['rr', 'the table at the cursor', 0, 1],
    ['lo1', 'least overlap with the next level', 0, 2],
    ['lo2', 'least overlap with the level after it', 2, 1],
    ['coldest', 'fewest reads; of two without any the first from the cursor', 0, 3],
    ['coldest', 'fewest reads; of two without any the first from the cursor', 3, 4],
    ['oldest-max-seq', 'smallest newest seq', 0, 2],
    ['oldest-min-seq', 'smallest oldest seq', 2, 1],
    ['density', 'largest share of tombstones', 0, 4],
    ['most-tombstones', 'the most tombstones, however large the table', 0, 2],
    ['oldest-tombstone', 'the oldest tombstone', 2, 1],
    ['ttl', 'the oldest of the expired tombstones', 2, 1],
  ] as const)('%s: %s', (movement, _what, start, table) => {
    expect(choose(movement, start)).toBe(table)
  })

  test('those that look for what is not there pass', () => {
    const none = TREE.replaceAll(/ tombstones=\d deleted=\d+/g, '')
    expect(choose('density', 0, none)).toBeNull()
    expect(choose('most-tombstones', 0, none)).toBeNull()
    expect(choose('oldest-tombstone', 0, none)).toBeNull()
    expect(choose('ttl', 0, none)).toBeNull()
    expect(choose('ttl', 0, TREE, 69)).toBeNull()
    expect(choose('ttl', 0, TREE, 70)).toBe(1)
    expect(choose('lo2', 0, TREE.slice(0, TREE.indexOf('L3')))).toBeNull()
    const sparse = TREE.replaceAll('tombstones=3', 'tombstones=1').replace('=2 deleted=95', '=0')
    expect(choose('density', 0, sparse)).toBeNull()
  })

  test('the next in the list is asked when one passes, and the cursor when all do', () => {
    const view = viewOf(TREE, 50)
    const [run] = levelAt(view.version, 1).runs
    const from = { view, level: 1, run: run!, start: 3, cursor: null, bytesPerTombstone: 0 }
    const limits = { densityThreshold: 1.1, ttlMs: 30, taken: NONE_TAKEN }
    expect(chooseTable(['ttl', 'density', 'lo1'], { ...from, ...limits })).toBe(1)
    expect(chooseTable(['ttl', 'density'], { ...from, ...limits })).toBe(3)
  })
})

test('random visits all tables, and the same one for the same view', () => {
  const view = viewOf(TREE)
  const [run] = levelAt(view.version, 1).runs
  const pick = (cursor: string) =>
    MOVEMENTS.random({
      taken: NONE_TAKEN,
      view,
      level: 1,
      run: run!,
      start: 0,
      cursor,
      densityThreshold: 1,
      ttlMs: 0,
      bytesPerTombstone: 0,
    })
  const picks = Array.from({ length: 400 }, (_, at) => pick(String(at)))
  expect(picks).toEqual(Array.from({ length: 400 }, (_, at) => pick(String(at))))
  for (const index of [0, 1, 2, 3]) {
    // A hundred each are expected; 5 standard deviations are 43.
    expect(picks.filter((picked) => picked === index).length).toBeGreaterThan(57)
  }
})

const [SAMPLE] = tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)

test('the least rank is found as by looking at every table, across chunks and edits', () => {
  const ranks = fc.array(fc.nat(3), { minLength: 1, maxLength: 700, size: 'max' })
  fc.assert(
    fc.property(ranks, fc.nat(), fc.nat(), (values, startAt, editedAt) => {
      const byRank = rankedBy(({ seqMin }) => seqMin)
      const check = (run: Run) => {
        const tables = [...tablesOf(run)]
        const start = startAt % tables.length
        const inTurn = tables.map((_, turn) => (start + turn) % tables.length)
        const expected = inTurn.reduce((best, at) =>
          tables[at]!.seqMin < tables[best]!.seqMin ? at : best,
        )
        const found = leastIndex(run, start, byRank(run))
        expect(found).toEqual({ index: expected, rank: tables[expected]!.seqMin })
      }
      const tables = values.map((seqMin, at): TableMeta => {
        const key = keyBytes(at)
        return { ...SAMPLE!, id: at, smallest: key, largest: key, seqMin }
      })
      const run = runOf(1, tables)
      check(run)
      const edited = tables[editedAt % tables.length]!
      check(editRun(run, [edited], [{ ...edited, id: 9999, seqMin: 3 - edited.seqMin }]))
    }),
    // Shrinking hundreds of tables takes minutes; the seed says as much.
    { numRuns: 200, endOnFailure: true },
  )
})
