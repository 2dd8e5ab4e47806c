/**
 * Owns the choice of the table that overlaps least with another run, per byte of its own. With the
 * next level's run this is RocksDB's default (kMinOverlappingRatio; LO+1 of Sarkar et al.), with
 * the run of the level after that it is LO+2. As in RocksDB the ratio is the raw bytes of whole
 * tables, in 1024ths of the table's own size, which tombstones enlarge (`compensated-sizes.ts`). A
 * table that shares only the largest key is not counted. Ties are broken by round-robin, where
 * RocksDB takes the lowest key.
 *
 * A ratio depends only on the table and its neighbours in the other run, and on the size of a
 * tombstone. So all ratios are remembered together with the two runs (`lineage.ts`), and a pick
 * computes only those of new tables, of tables in the range of an edit of the other run, and of
 * tables with many tombstones if the size of a tombstone has changed. Memory only: the choice stays
 * a pure function.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { type Chunk, chunkAt, lowerBound, overlapping, type Run } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { compensatedBytes, hasSurplus, surplusTombstones } from './compensated-sizes.ts'
import {
  carriedOver,
  changedRanges,
  type Hole,
  holesBetween,
  joined,
  Lineages,
  tablesOfChunks,
} from './lineage.ts'
import { leastIndex, leastOf, NONE_TAKEN, type Ranks, ranksAfter } from './table-ranks.ts'

interface Known {
  readonly run: Run
  readonly other: Run
  readonly bytesPerTombstone: number
  readonly ratios: Ranks
}

/** The runs that ratios are computed of. */
type Compared = Omit<Known, 'ratios'>

/**
 * Index in `run`, not empty, of the table with the least ratio of overlapping raw bytes in `other`
 * to its own; of equal ones the first at or after index `start`, around the end. Tables whose
 * indices are taken are not chosen. Null, to pass: there is no other run, and some are taken.
 */
export type LeastOverlapIndex = (
  run: Run,
  other: Run | undefined,
  start: number,
  bytesPerTombstone?: number,
  taken?: ReadonlySet<number>,
) => number | null

/** Makes a choice with its own memory. Use one for each distance between the two levels. */
export function leastOverlap(): LeastOverlapIndex {
  const lineages = new Lineages<Known>()
  return (run, other, start, bytesPerTombstone = 0, taken = NONE_TAKEN) => {
    if (other === undefined) return taken.size === 0 ? start : null
    const compared = { run, other, bytesPerTombstone }
    const before = lineages.ancestor(run)
    const ratios = before === undefined ? ratiosOf(compared) : ratiosAfter(before, compared)
    lineages.keep({ run, other, bytesPerTombstone, ratios }, before)
    return leastIndex(run, start, ratios, taken).index
  }
}

/** Stands for a ratio that is not computed yet. */
const UNKNOWN = Number.NaN

function ratiosOf(compared: Compared): Ranks {
  const open = compared.run.chunks.map(({ tables }) => tables.map(() => UNKNOWN))
  return workedOut({ chunks: [], leasts: [] }, new Map(open.entries()), compared)
}

function ratiosAfter(before: Known, compared: Compared): Ranks {
  const { run, other } = compared
  const holes = holesBetween(before.run.chunks, run.chunks)
  const open = new Map<number, number[]>()
  const ratios = ranksAfter(before.ratios, holes, (hole) => {
    const fresh = ratiosInHole(before, run.chunks, hole)
    for (const [at, own] of fresh.entries()) open.set(hole.from + at, own)
    return fresh
  })
  for (const range of changedRanges(before.other.chunks, other.chunks)) {
    forget(ratios, run, range, open)
  }
  if (before.bytesPerTombstone !== compared.bytesPerTombstone) forgetSurplus(ratios, run, open)
  return workedOut(ratios, open, compared)
}

/** Ratios of edited chunks, by chunk; those of new tables are unknown. Owned. */
function ratiosInHole(
  before: Known,
  chunks: readonly Chunk[],
  { beforeFrom, beforeTo, from, to }: Hole,
): readonly number[][] {
  const old = tablesOfChunks(before.run.chunks, beforeFrom, beforeTo)
  const fresh = tablesOfChunks(chunks, from, to)
  const ratios = joined(before.ratios.chunks.slice(beforeFrom, beforeTo))
  const carried = carriedOver(ratios, holesBetween(old, fresh))
  if (to - from === 1) return [carried]
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

/** Marks the ratios of all tables whose size depends on their tombstones. */
function forgetSurplus(ratios: Ranks, run: Run, open: Map<number, number[]>): void {
  for (const [chunk, known] of run.chunks.entries()) {
    if (!hasSurplus(known)) continue
    const own = open.get(chunk) ?? ratios.chunks[chunk]!.slice()
    for (let at = 0; at < own.length; at++) {
      if (surplusTombstones(known.tables[at]!) > 0) own[at] = UNKNOWN
    }
    open.set(chunk, own)
  }
}

/** Computes the unknown ratios of the `open` chunks, and puts these chunks in place. */
function workedOut(
  { chunks, leasts }: Ranks,
  open: ReadonlyMap<number, number[]>,
  { run, other, bytesPerTombstone }: Compared,
): Ranks {
  const sweep = new Sweep(other)
  for (const [chunk, ratios] of [...open].sort(([a], [b]) => a - b)) {
    const { tables } = run.chunks[chunk]!
    for (let at = 0; at < ratios.length; at++) {
      if (!Number.isNaN(ratios[at]!)) continue
      const table = tables[at]!
      const size = Math.max(compensatedBytes(table, bytesPerTombstone), 1)
      ratios[at] = Math.floor((sweep.overlapOf(table) * RATIO_UNITS) / size)
    }
    chunks[chunk] = ratios
    leasts[chunk] = leastOf(ratios)
  }
  return { chunks, leasts }
}

/** RocksDB compares whole 1024ths. */
const RATIO_UNITS = 1024

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

  /** Raw bytes of the tables that reach into `table`. */
  overlapOf(table: TableMeta): number {
    this.#seek(table.smallest)
    const { chunks } = this.#run
    let bytes = 0
    for (let chunk = this.#chunk, from = this.#at; chunk < chunks.length; chunk++, from = 0) {
      const { tables } = chunks[chunk]!
      for (let at = from; at < tables.length; at++) {
        if (compareBytes(tables[at]!.smallest, table.largest) >= 0) return bytes
        bytes += rawBytes(tables[at]!)
        // The last table that starts in this range is the first that may reach into the next.
        this.#chunk = chunk
        this.#at = at
      }
    }
    return bytes
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
