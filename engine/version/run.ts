/**
 * Owns a run: tables sorted by key with disjoint user-key ranges (all versions of a user key in one
 * table). A run is persistent data: a list of chunks, each a short array of tables with its totals.
 * An edit copies the changed chunks and the chunk list, never all tables, so editing and searching
 * a run of 100,000 tables takes microseconds.
 *
 * Invariant: no empty chunk; tables ascend strictly across chunks: a table ends before the next
 * starts.
 */

import { assert } from '../base/assert.ts'
import { compareBytes } from '../base/compare.ts'
import { endsBefore, type KeyRange, lastStartingBy, rangeUntil } from './key-range.ts'
import type { TableId, TableMeta } from './table-meta.ts'
import { addTotals, NO_TOTALS, subtractTotals, type Totals, totalsOf } from './totals.ts'

/** The number of a run. It is never given to another run of the folder. */
export type RunId = number

/** Versions of a run share each chunk that did not change. Its range covers its tables. */
export interface Chunk extends KeyRange {
  readonly tables: readonly TableMeta[]
  readonly totals: Totals
}

/** One sorted sequence of tables. Read it by `tablesOf`, `tableAt` and `tableFor`. */
export interface Run {
  readonly id: RunId
  readonly chunks: readonly Chunk[]
  /** For each chunk, the number of tables in all earlier chunks. */
  readonly firstIndexes: readonly number[]
  readonly totals: Totals
  /** When all its tables were written, where that is known without reading them; ms. */
  readonly createdAtMs?: number
}

/**
 * A chunk splits when it exceeds twice this many tables. An edit copies its chunks and the list of
 * chunks; of this size, both cost about the same in a run of some thousand tables.
 */
const CHUNK_TABLES = 32

/** A run of `tables`, which must ascend and be disjoint. */
export function runOf(id: RunId, tables: readonly TableMeta[]): Run {
  const chunks: Chunk[] = []
  for (let at = 0; at < tables.length; at += CHUNK_TABLES) {
    chunks.push(chunkOf(tables.slice(at, at + CHUNK_TABLES)))
  }
  const totals = chunks.reduce((sum, chunk) => addTotals(sum, chunk.totals), NO_TOTALS)
  return runOfChunks(id, chunks, totals)
}

/** The run's tables in key order. */
export function* tablesOf(run: Run): Generator<TableMeta, void, undefined> {
  for (const chunk of run.chunks) yield* chunk.tables
}

/** The table at `index` in key order, from 0; it must exist. */
export function tableAt(run: Run, index: number): TableMeta {
  assert(index >= 0 && index < run.totals.tables, `table ${index} of ${run.totals.tables}`)
  const at = chunkAt(run, index)
  return run.chunks[at]!.tables[index - run.firstIndexes[at]!]!
}

/**
 * Index of the first table that does not end before `key`, or the number of tables if there is
 * none.
 */
export function lowerBound(run: Run, key: Uint8Array): number {
  const { chunks } = run
  const at = firstReaching(chunks, key)
  const chunk = chunks[at]
  if (chunk === undefined) return run.totals.tables
  return run.firstIndexes[at]! + firstReaching(chunk.tables, key)
}

/**
 * Index of the first of the ascending `parts` that does not end before `key`, or their number if
 * all do.
 */
function firstReaching(
  parts: readonly Pick<KeyRange, 'largest' | 'isOpen'>[],
  key: Uint8Array,
): number {
  let first = 0
  let last = parts.length
  while (first < last) {
    const middle = (first + last) >>> 1
    if (endsBefore(parts[middle]!, key)) first = middle + 1
    else last = middle
  }
  return first
}

/** The table whose range holds `key`, or undefined. */
export function tableFor(run: Run, key: Uint8Array): TableMeta | undefined {
  const index = lowerBound(run, key)
  if (index === run.totals.tables) return undefined
  const table = tableAt(run, index)
  return compareBytes(table.smallest, key) <= 0 ? table : undefined
}

/** A range's end is first searched by walking this many tables, then by binary search. */
const NEARBY_TABLES = 8

/** Indices [from, to) of the tables that overlap `range`. */
export function overlapping(run: Run, range: KeyRange): { from: number; to: number } {
  const { chunks, firstIndexes } = run
  let chunk = firstReaching(chunks, range.smallest)
  if (chunk === chunks.length) return { from: run.totals.tables, to: run.totals.tables }
  let at = firstReaching(chunks[chunk]!.tables, range.smallest)
  const from = firstIndexes[chunk]! + at
  for (let to = from; to < from + NEARBY_TABLES; to++, at++) {
    if (at === chunks[chunk]!.tables.length) {
      if (++chunk === chunks.length) return { from, to }
      at = 0
    }
    if (endsBefore(range, chunks[chunk]!.tables[at]!.smallest)) return { from, to }
  }
  const last = lowerBound(run, range.largest)
  const meets = last < run.totals.tables && !endsBefore(range, tableAt(run, last).smallest)
  return { from, to: Math.max(from, meets ? last + 1 : last) }
}

/** Tables [from, to) as a new array. */
export function sliceTables(run: Run, from: number, to: number): TableMeta[] {
  const { chunks, firstIndexes } = run
  let index = Math.max(chunkAt(run, from), 0)
  const partOf = (chunk: number) => {
    const first = firstIndexes[chunk]!
    return chunks[chunk]!.tables.slice(Math.max(from - first, 0), Math.max(to - first, 0))
  }
  if (index >= chunks.length || from >= to) return []
  // Usually all are in one chunk; `slice` makes an array of just their number.
  const tables = partOf(index)
  for (index++; index < chunks.length && firstIndexes[index]! < to; index++) {
    for (const table of partOf(index)) tables.push(table)
  }
  return tables
}

/** Index of `table`, found by its key and compared by id, or −1. */
export function indexOfTable(run: Run, table: { id: TableId; smallest: Uint8Array }): number {
  const index = lowerBound(run, table.smallest)
  return index < run.totals.tables && tableAt(run, index).id === table.id ? index : -1
}

/** The run's key range, or null when it is empty. */
export function rangeOf(run: Run): KeyRange | null {
  const first = run.chunks[0]
  const last = run.chunks.at(-1)
  if (first === undefined || last === undefined) return null
  return rangeUntil(first.smallest, last)
}

/**
 * A new run without the tables of `removed` and with those of `added`. Only the chunks they fall
 * into are copied; no others are read. `removed` must be in the run; their ids and key ranges
 * suffice. The result must be disjoint.
 */
export function editRun(run: Run, removed: readonly TableMeta[], added: readonly TableMeta[]): Run {
  if (run.chunks.length === 0) {
    assert(removed.length === 0, 'nothing to remove from an empty run')
    return runOf(run.id, ascending(added))
  }
  if (removed.length + added.length === 0) return run
  const edits = editsByChunk(run, ascending(removed), ascending(added))
  const chunks = run.chunks.slice()
  let { totals } = run
  for (const edit of edits) {
    const before = run.chunks[edit.index]!
    const pieces = editedChunk(before, edit)
    const moved = chunks.length - run.chunks.length
    chunks.splice(edit.index + moved, 1, ...pieces)
    totals = subtractTotals(totals, before.totals)
    for (const piece of pieces) totals = addTotals(totals, piece.totals)
  }
  return { id: run.id, chunks, firstIndexes: firstIndexesAfter(run, edits, chunks), totals }
}

/** The tables to remove from chunk `index` and to add to it, each ascending. */
interface ChunkEdit {
  readonly index: number
  readonly removed: readonly TableMeta[]
  readonly added: readonly TableMeta[]
}

/** Ascending by chunk. A table belongs to the last chunk that starts at or before it. */
function editsByChunk(
  run: Run,
  removed: readonly TableMeta[],
  added: readonly TableMeta[],
): readonly ChunkEdit[] {
  const edits: ChunkEdit[] = []
  let gone = 0
  let fresh = 0
  while (gone < removed.length || fresh < added.length) {
    const next = firstOf(removed[gone], added[fresh])
    const index = Math.max(lastStartingBy(run.chunks, next.smallest), 0)
    const end = run.chunks[index + 1]?.smallest
    const goneTo = startsBefore(removed, end, gone)
    const freshTo = startsBefore(added, end, fresh)
    edits.push({ index, removed: removed.slice(gone, goneTo), added: added.slice(fresh, freshTo) })
    gone = goneTo
    fresh = freshTo
  }
  return edits
}

/** The table that starts first. One of the two may be undefined. */
function firstOf(a: TableMeta | undefined, b: TableMeta | undefined): TableMeta {
  if (a === undefined) return b!
  return b === undefined || bySmallest(a, b) <= 0 ? a : b
}

/**
 * Index (at least `from`) of the first of the ascending `tables` that does not start before `end`.
 */
function startsBefore(
  tables: readonly TableMeta[],
  end: Uint8Array | undefined,
  from: number,
): number {
  if (end === undefined) return tables.length
  let at = from
  while (at < tables.length && compareBytes(tables[at]!.smallest, end) < 0) at++
  return at
}

/**
 * The chunks that replace one chunk: none if nothing is left, several if it has grown too large.
 */
function editedChunk({ tables: before, totals }: Chunk, edit: ChunkEdit): readonly Chunk[] {
  const gone = placesOf(before, edit.removed)
  // In place and a whole stretch at a time, which is several times faster than table by table.
  const tables = before.slice()
  for (let end = gone.length; end > 0; ) {
    let first = end - 1
    while (first > 0 && gone[first - 1] === gone[first]! - 1) first--
    tables.splice(gone[first]!, end - first)
    end = first
  }
  let place = 0
  for (let at = 0; at < edit.added.length; ) {
    place = placeIn(tables, edit.added[at]!, place)
    const to = startsBefore(edit.added, tables[place]?.smallest, at + 1)
    tables.splice(place, 0, ...edit.added.slice(at, to))
    place += to - at
    at = to
  }
  if (tables.length === 0) return []
  if (tables.length <= CHUNK_TABLES * 2) {
    const left = subtractTotals(totals, totalsOf(gone.map((at) => before[at]!)))
    return [chunkOf(tables, addTotals(left, totalsOf(edit.added)))]
  }
  const pieces: Chunk[] = []
  for (let at = 0; at < tables.length; ) {
    const size = tables.length - at > CHUNK_TABLES * 2 ? CHUNK_TABLES : tables.length - at
    pieces.push(chunkOf(tables.slice(at, at + size)))
    at += size
  }
  return pieces
}

/** Indices of the ascending tables `wanted` in a chunk's tables, found by id. */
function placesOf(tables: readonly TableMeta[], wanted: readonly TableMeta[]): readonly number[] {
  let next = 0
  return wanted.map((table) => {
    const beyond = placeIn(tables, table, next)
    assert(beyond > next || next === 0, 'a table is removed once')
    assert(tables[beyond - 1]?.id === table.id, 'removed tables are in the run')
    next = beyond
    return beyond - 1
  })
}

/**
 * Index (at least `from`) of the first of the ascending `tables` that starts after `table`. The
 * search doubles its steps, because the next table is usually near.
 */
function placeIn(tables: readonly TableMeta[], { smallest }: TableMeta, from: number): number {
  const startsAfter = (at: number) => compareBytes(tables[at]!.smallest, smallest) > 0
  let low = from
  let high = from
  for (let step = 1; high < tables.length && !startsAfter(high); step *= 2) {
    low = high + 1
    high += step
  }
  high = Math.min(high, tables.length)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (startsAfter(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * The first indexes of an edited run. Only chunks made by the edit, and chunks between them, are
 * read.
 */
function firstIndexesAfter(
  { chunks: before, firstIndexes: known }: Run,
  edits: readonly ChunkEdit[],
  chunks: readonly Chunk[],
): readonly number[] {
  const from = edits[0]!.index
  const end = edits.at(-1)!.index + 1
  const moved = chunks.length - before.length
  const firstIndexes = known.slice(0, from)
  let tables = known[from]!
  for (let at = from; at < end + moved; at++) {
    firstIndexes.push(tables)
    tables += chunks[at]!.tables.length
  }
  const shift = end < before.length ? tables - known[end]! : 0
  for (let at = end; at < before.length; at++) firstIndexes.push(known[at]! + shift)
  return firstIndexes
}

/** Throws if the run breaks its invariant. O(tables). */
export function checkRun(run: Run): void {
  let previous: TableMeta | null = null
  for (const table of tablesOf(run)) {
    assert(!endsBefore(table, table.smallest), `table ${table.id} has an empty range`)
    if (previous !== null) {
      assert(
        endsBefore(previous, table.smallest),
        `run ${run.id}: tables ${previous.id} and ${table.id} overlap or are out of order`,
      )
    }
    previous = table
  }
}

function bySmallest(a: TableMeta, b: TableMeta): number {
  return compareBytes(a.smallest, b.smallest)
}

/** The tables sorted by smallest key. Usually they already are. */
function ascending(tables: readonly TableMeta[]): readonly TableMeta[] {
  const ascend = tables.every((table, at) => at === 0 || bySmallest(tables[at - 1]!, table) <= 0)
  return ascend ? tables : tables.toSorted(bySmallest)
}

/** Index of the chunk that holds table `index`; −1 for an empty run. */
export function chunkAt({ firstIndexes }: Run, index: number): number {
  let low = 0
  let high = firstIndexes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (firstIndexes[middle]! <= index) low = middle + 1
    else high = middle
  }
  return low - 1
}

function chunkOf(tables: readonly TableMeta[], totals = totalsOf(tables)): Chunk {
  return { tables, totals, ...rangeUntil(tables[0]!.smallest, tables.at(-1)!) }
}

function runOfChunks(id: RunId, chunks: readonly Chunk[], totals: Totals): Run {
  const firstIndexes: number[] = []
  let tables = 0
  for (const chunk of chunks) {
    firstIndexes.push(tables)
    tables += chunk.tables.length
  }
  return { id, chunks, firstIndexes, totals }
}
