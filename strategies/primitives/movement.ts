/**
 * Owns the fourth primitive of a strategy, data movement: which table of a run is compacted next.
 * A movement that finds no table that qualifies passes, and the next in the list is asked; the
 * round-robin cursor answers last. All are pure, and none walks the tables of a level: what a
 * choice needs is remembered by chunk (`table-ranks.ts`). What each takes as a table's age or use:
 *
 *   rr              the first table beyond the cursor (LevelDB's compact pointer)
 *   lo1, lo2        least overlap with the next level, or the one after it; lo2 passes without one
 *   coldest         fewest reads (counters start anew at a reopen) among `COLDEST_TABLES` tables
 *                   from the cursor on: counters change beneath a chunk, so they cannot be kept
 *   oldest-max-seq  smallest newest seq: untouched the longest (kOldestLargestSeqFirst)
 *   oldest-min-seq  smallest oldest seq: holds the oldest entry (kOldestSmallestSeqFirst)
 *   density         largest share of tombstones, from `densityThreshold` on; else passes
 *   most-tombstones the most tombstones, from one on; else passes
 *   oldest-tombstone the oldest tombstone of all; passes where there is none
 *   ttl             the oldest tombstone that is `ttlMs` old; else passes
 *   random          a table by a hash of the cursor and the run: as random as a pure pick can be
 *
 * Sources: Sarkar et al., PVLDB 14 (the names); RocksDB `CompactionPri`; Lethe, SIGMOD '20.
 */

import { deriveSeed } from '../../engine/base/random.ts'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { type Run, tableAt } from '../../engine/version/run.ts'
import { levelAt } from '../../engine/version/version.ts'
import { leastOverlap } from './least-overlap.ts'
import { leastIndex, rankedBy } from './table-ranks.ts'

export const MOVEMENT_NAMES = [
  'rr',
  'lo1',
  'lo2',
  'coldest',
  'oldest-max-seq',
  'oldest-min-seq',
  'density',
  'most-tombstones',
  'oldest-tombstone',
  'ttl',
  'random',
] as const

export type MovementName = (typeof MOVEMENT_NAMES)[number]

export interface MovementLimits {
  readonly densityThreshold: number
  readonly ttlMs: number
}

/** The run of a level, not empty, and the round-robin index in it (`indexAfter`). */
export interface Candidates extends MovementLimits {
  readonly view: TreeView
  readonly level: number
  readonly run: Run
  readonly start: number
  readonly cursor: string | null
}

/** Index of the table chosen, or null to pass. */
export type Movement = (from: Candidates) => number | null

/** Tables whose reads one pick compares: all of a level below this, a window of a larger one. */
const COLDEST_TABLES = 256

const overlapWithNext = leastOverlap()
const overlapWithSecondNext = leastOverlap()
const byNewestSeq = rankedBy(({ seqMax }) => seqMax)
const byOldestSeq = rankedBy(({ seqMin }) => seqMin)
/** A table's share of tombstones, negated: the densest ranks least. */
export const byDensity = rankedBy(({ tombstones, entries }) => -tombstones / entries)
const byTombstones = rankedBy(({ tombstones }) => -tombstones)

/** A table's oldest tombstone, in ms of the clock; infinitely late where it has none. */
export const byTombstoneAge = rankedBy(
  ({ oldestTombstoneAtMs }) => oldestTombstoneAtMs ?? Number.POSITIVE_INFINITY,
)

export const MOVEMENTS: Readonly<Record<MovementName, Movement>> = {
  rr: ({ start }) => start,
  lo1: ({ view, level, run, start }) => overlapWithNext(run, runOfLevel(view, level + 1), start),
  lo2: ({ view, level, run, start }) => {
    const grandparent = runOfLevel(view, level + 2)
    return grandparent === undefined ? null : overlapWithSecondNext(run, grandparent, start)
  },
  coldest: coldestIndex,
  'oldest-max-seq': ({ run, start }) => leastIndex(run, start, byNewestSeq(run)).index,
  'oldest-min-seq': ({ run, start }) => leastIndex(run, start, byOldestSeq(run)).index,
  density: ({ run, start, densityThreshold }) => {
    const { index, rank } = leastIndex(run, start, byDensity(run))
    return -rank >= densityThreshold ? index : null
  },
  'most-tombstones': ({ run, start }) => {
    const { index, rank } = leastIndex(run, start, byTombstones(run))
    return rank < 0 ? index : null
  },
  'oldest-tombstone': ({ run, start }) => {
    const { index, rank } = leastIndex(run, start, byTombstoneAge(run))
    return rank === Number.POSITIVE_INFINITY ? null : index
  },
  ttl: ({ view, run, start, ttlMs }) => {
    const { index, rank } = leastIndex(run, start, byTombstoneAge(run))
    return rank <= view.nowMs - ttlMs ? index : null
  },
  random: ({ view, level, run, cursor }) => {
    const { tables, rawBytes } = run.totals
    const text = `${level}/${run.id}/${tables}/${rawBytes}/${view.oldestSnapshotSeq}/${cursor}`
    return deriveSeed(0, text) % tables
  },
}

/** The table the first movement that does not pass chooses; round-robin when all do. */
export function chooseTable(movements: readonly MovementName[], from: Candidates): number {
  for (const name of movements) {
    const index = MOVEMENTS[name](from)
    if (index !== null) return index
  }
  return from.start
}

function coldestIndex({ view, run, start }: Candidates): number {
  const { tables } = run.totals
  let coldest = start
  let fewest = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < Math.min(tables, COLDEST_TABLES); turn++) {
    const index = (start + turn) % tables
    const { reads } = view.tableStats(tableAt(run, index).id)
    if (reads >= fewest) continue
    fewest = reads
    coldest = index
  }
  return coldest
}

/** Where several runs are left by another strategy there is no one overlap: they merge first. */
function runOfLevel(view: TreeView, level: number): Run | undefined {
  return levelAt(view.version, level).runs[0]
}
