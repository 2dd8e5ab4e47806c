/**
 * Owns the choice of the table that overlaps least with another run, per byte of its own. With the
 * next level's run this is RocksDB's default (kMinOverlappingRatio; LO+1 of Sarkar et al.), with
 * the run of the level after that it is LO+2. Ties are broken by round-robin.
 *
 * A ratio depends only on the table and its neighbours in the other run. So all ratios are
 * remembered together with the two runs (`lineage.ts`), and a pick computes only those of new
 * tables and of tables in the range of an edit of the other run. Memory only: the choice stays a
 * pure function.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { type Chunk, chunkAt, lowerBound, overlapping, type Run } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import {
  carriedOver,
  changedRanges,
  type Hole,
  holesBetween,
  joined,
  Lineages,
  tablesOfChunks,
} from './lineage.ts'
import { leastIndex, leastOf, type Ranks, ranksAfter } from './table-ranks.ts'

interface Known {
  readonly run: Run
  readonly other: Run
  readonly ratios: Ranks
}

/**
 * Index in `run`, not empty, of the table with the least ratio of overlapping raw bytes in `other`
 * to its own; of equal ones the first at or after index `start`, around the end.
 */
export type LeastOverlapIndex = (run: Run, other: Run | undefined, start: number) => number

/** Makes a choice with its own memory. Use one for each distance between the two levels. */
export function leastOverlap(): LeastOverlapIndex {
  const lineages = new Lineages<Known>()
  return (run, other, start) => {
    if (other === undefined) return start
    const before = lineages.ancestor(run)
    const ratios = before === undefined ? ratiosOf(run, other) : ratiosAfter(before, run, other)
    lineages.keep({ run, other, ratios }, before)
    return leastIndex(run, start, ratios).index
  }
}

/** Stands for a ratio that is not computed yet. */
const UNKNOWN = Number.NaN

function ratiosOf(run: Run, other: Run): Ranks {
  const open = run.chunks.map(({ tables }) => tables.map(() => UNKNOWN))
  return workedOut({ chunks: [], leasts: [] }, new Map(open.entries()), run, other)
}

function ratiosAfter(before: Known, run: Run, other: Run): Ranks {
  const holes = holesBetween(before.run.chunks, run.chunks)
  const ratios = ranksAfter(before.ratios, holes, (hole) => ratiosInHole(before, run.chunks, hole))
  const open = new Map<number, number[]>()
  for (const { from, to } of holes) {
    for (let at = from; at < to; at++) open.set(at, ratios.chunks[at]!.slice())
  }
  for (const range of changedRanges(before.other.chunks, other.chunks)) {
    forget(ratios, run, range, open)
  }
  return workedOut(ratios, open, run, other)
}

/** Ratios of edited chunks, by chunk; those of new tables are unknown. */
function ratiosInHole(
  before: Known,
  chunks: readonly Chunk[],
  { beforeFrom, beforeTo, from, to }: Hole,
): readonly (readonly number[])[] {
  const old = tablesOfChunks(before.run.chunks, beforeFrom, beforeTo)
  const fresh = tablesOfChunks(chunks, from, to)
  const ratios = joined(before.ratios.chunks.slice(beforeFrom, beforeTo))
  const carried = carriedOver(ratios, holesBetween(old, fresh))
  let first = 0
  return chunks.slice(from, to).map(({ tables }) => {
    first += tables.length
    return carried.slice(first - tables.length, first)
  })
}

/** Marks the ratios of tables in the range as unknown, and adds their chunks to `open`. */
function forget(ratios: Ranks, run: Run, range: KeyRange, open: Map<number, number[]>): void {
  const { from, to } = overlapping(run, range)
  if (from === to) return
  const { firstIndexes } = run
  for (let chunk = chunkAt(run, from); firstIndexes[chunk]! < to; chunk++) {
    const first = firstIndexes[chunk]!
    const own = open.get(chunk) ?? ratios.chunks[chunk]!.slice()
    open.set(chunk, own.fill(UNKNOWN, Math.max(from - first, 0), to - first))
  }
}

/** Computes the unknown ratios of the `open` chunks, and puts these chunks in place. */
function workedOut(
  { chunks, leasts }: Ranks,
  open: ReadonlyMap<number, number[]>,
  run: Run,
  other: Run,
): Ranks {
  const sweep = new Sweep(other)
  for (const [chunk, ratios] of [...open].sort(([a], [b]) => a - b)) {
    const { tables } = run.chunks[chunk]!
    for (let at = 0; at < ratios.length; at++) {
      if (Number.isNaN(ratios[at]!)) ratios[at] = sweep.ratioOf(tables[at]!)
    }
    chunks[chunk] = ratios
    leasts[chunk] = leastOf(ratios)
  }
  return { chunks, leasts }
}

/** So many tables are walked before a binary search is made. */
const NEARBY_TABLES = 3

/** Sums up the tables of a run that overlap a table. Tables must be given in ascending order. */
class Sweep {
  readonly #run: Run
  #chunk = 0
  /** Index in the chunk of the first table that may overlap the next one given. */
  #at = 0

  constructor(run: Run) {
    this.#run = run
  }

  /** Raw bytes of the tables that overlap `table`, divided by its own. */
  ratioOf(table: TableMeta): number {
    this.#seek(table.smallest)
    const { chunks } = this.#run
    let bytes = 0
    for (let chunk = this.#chunk, from = this.#at; chunk < chunks.length; chunk++, from = 0) {
      const { tables } = chunks[chunk]!
      for (let at = from; at < tables.length; at++) {
        if (compareBytes(tables[at]!.smallest, table.largest) > 0) {
          return bytes / Math.max(rawBytes(table), 1)
        }
        bytes += rawBytes(tables[at]!)
        // The last table that starts in this range is the first that may reach into the next.
        this.#chunk = chunk
        this.#at = at
      }
    }
    return bytes / Math.max(rawBytes(table), 1)
  }

  /** Moves to the first table that ends at the key or after it. */
  #seek(key: Uint8Array): void {
    const { chunks, firstIndexes } = this.#run
    for (let steps = 0; steps < NEARBY_TABLES; steps++) {
      const table = chunks[this.#chunk]?.tables[this.#at]
      if (table === undefined || compareBytes(table.largest, key) >= 0) return
      this.#at++
      if (this.#at < chunks[this.#chunk]!.tables.length) continue
      this.#chunk++
      this.#at = 0
    }
    const index = lowerBound(this.#run, key)
    this.#chunk = chunkAt(this.#run, index)
    this.#at = index - firstIndexes[this.#chunk]!
  }
}
