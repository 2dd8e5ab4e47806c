/**
 * Owns the choice of the table that overlaps least with another run, per byte of its own: with the
 * next level's it is RocksDB's default (kMinOverlappingRatio; LO+1 of Sarkar et al.), with the one
 * after that LO+2. Equal ratios are decided by the round-robin order.
 *
 * A ratio depends on nothing but the table and its neighbours in the other run. So all ratios are
 * remembered with the two runs they were of (`lineage.ts`), and a pick works out those of new tables
 * and of tables in the range of an edit of the other run. Memory only: the choice stays a pure
 * function.
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

/** Each has a memory of its own: one for every distance between the two runs. */
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

/** A ratio that is to be worked out. */
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

/** Ratios of edited chunks: unknown of tables that are new. */
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

/** Makes the ratios of tables in the range unknown, in `open` chunks. */
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

/** With the ratios of `open` chunks, where those unknown are worked out. */
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

/** Tables that are walked before a key is searched for. */
const NEARBY_TABLES = 3

/** Sums over the tables of a run that overlap ranges, which are asked for in ascending order. */
class Sweep {
  readonly #run: Run
  #chunk = 0
  /** Index in the chunk of the first table that may overlap what is asked for next. */
  #at = 0

  constructor(run: Run) {
    this.#run = run
  }

  /** Raw bytes of the tables that overlap `table`, to its own. */
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
        // The last that starts in this table's range is the first that may end in the next's.
        this.#chunk = chunk
        this.#at = at
      }
    }
    return bytes / Math.max(rawBytes(table), 1)
  }

  /** To the first table that ends at the key or after it. */
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
