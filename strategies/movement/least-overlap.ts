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
import { leastIndex, type Ranks, ranksOf } from './least.ts'
import { changedRanges, type Hole, holesBetween, Lineages, tablesOfChunks } from './lineage.ts'

interface Known {
  readonly run: Run
  readonly other: Run
  readonly ranks: readonly Ranks[]
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
    const ranks = before === undefined ? ranksFrom(run, other, []) : ranksAfter(before, run, other)
    lineages.keep({ run, other, ranks }, before)
    return leastIndex(run, start, ranks).index
  }
}

/** A ratio that is to be worked out. */
const UNKNOWN = Number.NaN

/** Ratios by chunk; those of `pieces` are taken over as they are, of others all are unknown. */
function ranksFrom(run: Run, other: Run, pieces: readonly (Ranks | Float64Array)[]) {
  const sweep = new Sweep(other)
  return run.chunks.map(({ tables }, at): Ranks => {
    const piece = pieces[at] ?? new Float64Array(tables.length).fill(UNKNOWN)
    if (!(piece instanceof Float64Array)) return piece
    for (let index = 0; index < piece.length; index++) {
      if (Number.isNaN(piece[index]!)) piece[index] = sweep.ratioOf(tables[index]!)
    }
    return ranksOf(piece)
  })
}

function ranksAfter(before: Known, run: Run, other: Run): readonly Ranks[] {
  const pieces: (Ranks | Float64Array)[] = []
  let at = 0
  for (const hole of holesBetween(before.run.chunks, run.chunks)) {
    for (; at < hole.beforeFrom; at++) pieces.push(before.ranks[at]!)
    pieces.push(...carriedOver(before, run.chunks, hole))
    at = hole.beforeTo
  }
  for (; at < before.ranks.length; at++) pieces.push(before.ranks[at]!)
  for (const range of changedRanges(before.other.chunks, other.chunks)) forget(pieces, run, range)
  return ranksFrom(run, other, pieces)
}

/** Ratios of edited chunks: unknown of tables that are new. */
function carriedOver(
  before: Known,
  chunks: readonly Chunk[],
  { beforeFrom, beforeTo, from, to }: Hole,
): readonly Float64Array[] {
  const ratios: number[] = []
  for (let at = beforeFrom; at < beforeTo; at++) ratios.push(...before.ranks[at]!.ranks)
  const oldTables = tablesOfChunks(before.run.chunks, beforeFrom, beforeTo)
  const newTables = tablesOfChunks(chunks, from, to)
  const carried = new Float64Array(newTables.length)
  let taken = 0
  let at = 0
  for (const hole of holesBetween(oldTables, newTables)) {
    while (at < hole.beforeFrom) carried[taken++] = ratios[at++]!
    while (taken < hole.to) carried[taken++] = UNKNOWN
    at = hole.beforeTo
  }
  while (at < ratios.length) carried[taken++] = ratios[at++]!
  let first = 0
  return chunks.slice(from, to).map(({ tables }) => {
    first += tables.length
    return carried.slice(first - tables.length, first)
  })
}

/** Makes the ratios of tables in the range unknown. */
function forget(pieces: (Ranks | Float64Array)[], run: Run, range: KeyRange): void {
  const { from, to } = overlapping(run, range)
  const { chunks, firstIndexes } = run
  for (let chunk = 0; chunk < chunks.length; chunk++) {
    const first = firstIndexes[chunk]!
    if (first >= to) return
    const last = first + chunks[chunk]!.tables.length
    if (last <= from) continue
    const known = pieces[chunk]!
    const piece = known instanceof Float64Array ? known : known.ranks.slice()
    pieces[chunk] = piece.fill(UNKNOWN, Math.max(from - first, 0), Math.min(to, last) - first)
  }
}

/** Tables that are walked before a key is searched for. */
const NEARBY_TABLES = 8

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
