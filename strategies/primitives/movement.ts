/**
 * Owns the fourth primitive of a strategy, data movement: which table of a run is compacted next.
 * A movement passes if no table qualifies; then the next in the list decides, and round-robin last.
 * All are pure. None walks the tables of a level: what a choice needs is remembered by chunk
 * (`table-ranks.ts`). Each movement chooses:
 *
 *   rr              the first table that ends beyond the cursor (LevelDB's compact pointer)
 *   rr-to-target    the first table that starts beyond the cursor, and further ones until the level
 *                   is below its target (RocksDB: kRoundRobin); a family may take only the first
 *   lo1, lo2        least overlap with the next level, or the one after it; lo2 passes without one
 *   largest         the largest table, tombstones included (kByCompensatedSize)
 *   coldest         fewest reads (counters start at 0 after a reopen) among `COLDEST_TABLES` tables
 *                   from the cursor on; read counters change at any time, so ranks are not kept
 *   oldest-max-seq  smallest newest seq: untouched the longest (kOldestLargestSeqFirst)
 *   oldest-min-seq  smallest oldest seq: holds the oldest entry (kOldestSmallestSeqFirst)
 *   density         the largest share of tombstones; passes if it is below `densityThreshold`
 *   most-tombstones the most tombstones; passes if there are none
 *   oldest-tombstone the oldest tombstone; passes if there is none
 *   ttl             the oldest tombstone; passes if it is younger than `ttlMs`
 *   random          a table by a hash of the cursor and the run, so that the pick stays pure
 *
 * Sources: Sarkar et al., PVLDB 14 (the names); RocksDB `CompactionPri`; Lethe, SIGMOD '20.
 */

import { deriveSeed } from '../../engine/base/random.ts'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { type Run, tableAt } from '../../engine/version/run.ts'
import { levelAt } from '../../engine/version/version.ts'
import { compensatedBytes } from './compensated-sizes.ts'
import { leastOverlap } from './least-overlap.ts'
import { indexReaching } from './round-robin.ts'
import { leastIndex, type RanksOfRun, rankedBy } from './table-ranks.ts'

export interface MovementLimits {
  readonly densityThreshold: number
  readonly ttlMs: number
}

/** What a movement chooses from: a run, not empty, and the round-robin index (`indexAfter`). */
export interface Candidates extends MovementLimits {
  readonly view: TreeView
  readonly level: number
  readonly run: Run
  readonly start: number
  readonly cursor: string | null
  /** What a tombstone adds to the size of a table (`compensated-sizes.ts`); 0: sizes are raw. */
  readonly bytesPerTombstone: number
  /** Indices of tables that may not be chosen, because running jobs are in their way. */
  readonly taken: ReadonlySet<number>
}

/** Index of the table chosen, or null to pass. */
export type Movement = (from: Candidates) => number | null

/** Most tables whose reads one pick compares; of larger levels a part from the cursor on. */
const COLDEST_TABLES = 256

const overlapWithNext = leastOverlap()
const overlapWithSecondNext = leastOverlap()
const byNewestSeq = rankedBy(({ seqMax }) => seqMax)
const byOldestSeq = rankedBy(({ seqMin }) => seqMin)
/** A table's share of tombstones, negated, so that the densest table has the least rank. */
export const byDensity = rankedBy(({ tombstones, entries }) => -tombstones / entries)
const byTombstones = rankedBy(({ tombstones }) => -tombstones)

/** The time of a table's oldest tombstone, in ms of the clock; Infinity if it has none. */
export const byTombstoneAge = rankedBy(
  ({ oldestTombstoneAtMs }) => oldestTombstoneAtMs ?? Number.POSITIVE_INFINITY,
)

/** Ranks by size, the largest first. They are forgotten when the size of a tombstone changes. */
function bySize(bytesPerTombstone: number): RanksOfRun {
  if (bytesPerTombstone !== rankedBytesPerTombstone) {
    rankedBytesPerTombstone = bytesPerTombstone
    byRankedSize = rankedBy((table) => -compensatedBytes(table, bytesPerTombstone))
  }
  return byRankedSize
}

let rankedBytesPerTombstone = 0
let byRankedSize = rankedBy((table) => -compensatedBytes(table, 0))

export const MOVEMENTS = {
  rr: ({ run, cursor, taken }) => freeFrom(run, indexReaching(run, cursor), taken),
  'rr-to-target': ({ start }) => start,
  lo1: ({ view, level, run, start, bytesPerTombstone, taken }) => {
    return overlapWithNext(run, runOfLevel(view, level + 1), start, bytesPerTombstone, taken)
  },
  lo2: ({ view, level, run, start, bytesPerTombstone, taken }) => {
    const grandparent = runOfLevel(view, level + 2)
    if (grandparent === undefined) return null
    return overlapWithSecondNext(run, grandparent, start, bytesPerTombstone, taken)
  },
  largest: ({ run, start, bytesPerTombstone, taken }) => {
    return leastIndex(run, start, bySize(bytesPerTombstone)(run), taken).index
  },
  coldest: coldestIndex,
  'oldest-max-seq': ({ run, start, taken }) => {
    return leastIndex(run, start, byNewestSeq(run), taken).index
  },
  'oldest-min-seq': ({ run, start, taken }) => {
    return leastIndex(run, start, byOldestSeq(run), taken).index
  },
  density: ({ run, start, densityThreshold, taken }) => {
    const { index, rank } = leastIndex(run, start, byDensity(run), taken)
    return -rank >= densityThreshold ? index : null
  },
  'most-tombstones': ({ run, start, taken }) => {
    const { index, rank } = leastIndex(run, start, byTombstones(run), taken)
    return rank < 0 ? index : null
  },
  'oldest-tombstone': ({ run, start, taken }) => {
    const { index, rank } = leastIndex(run, start, byTombstoneAge(run), taken)
    return rank === Number.POSITIVE_INFINITY ? null : index
  },
  ttl: ({ view, run, start, ttlMs, taken }) => {
    const { index, rank } = leastIndex(run, start, byTombstoneAge(run), taken)
    return rank <= view.nowMs - ttlMs ? index : null
  },
  random: ({ view, level, run, cursor, taken }) => {
    const { tables, rawBytes } = run.totals
    const text = `${level}/${run.id}/${tables}/${rawBytes}/${view.oldestSnapshotSeq}/${cursor}`
    return freeFrom(run, deriveSeed(0, text) % tables, taken)
  },
} as const satisfies Readonly<Record<string, Movement>>

export type MovementName = keyof typeof MOVEMENTS

export const MOVEMENT_NAMES = Object.keys(MOVEMENTS) as readonly MovementName[]

/**
 * Index of the table chosen by the first movement that does not pass; round-robin if all pass. Null
 * if all tables are taken. `rr-to-target` answers a taken table too: its turn does not pass on.
 */
export function chooseTable(movements: readonly MovementName[], from: Candidates): number | null {
  if (from.taken.size >= from.run.totals.tables) return null
  for (const name of movements) {
    const index = MOVEMENTS[name](from)
    if (index !== null) return index
  }
  return freeFrom(from.run, from.start, from.taken)
}

/** The first free index from `start` on, going on from 0 after the last; one must be free. */
function freeFrom(run: Run, start: number, taken: ReadonlySet<number>): number {
  let index = start
  while (taken.has(index)) index = (index + 1) % run.totals.tables
  return index
}

function coldestIndex({ view, run, start, taken }: Candidates): number {
  const { tables } = run.totals
  let coldest = freeFrom(run, start, taken)
  let fewest = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < Math.min(tables, COLDEST_TABLES); turn++) {
    const index = (start + turn) % tables
    if (taken.has(index)) continue
    const { reads } = view.tableStats(tableAt(run, index).id)
    if (reads >= fewest) continue
    fewest = reads
    coldest = index
  }
  return coldest
}

/** The only run of a level; several, which another strategy left, are merged before any choice. */
function runOfLevel(view: TreeView, level: number): Run | undefined {
  return levelAt(view.version, level).runs[0]
}
