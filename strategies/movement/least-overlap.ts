/**
 * Owns the choice of the table that overlaps least with another run, per byte of its own: with the
 * next level's it is RocksDB's default (kMinOverlappingRatio; LO+1 of Sarkar et al.), with the one
 * after that LO+2. Equal ratios are decided by the round-robin order.
 *
 * A ratio depends on nothing but the table's neighbours in the other run, so what each chunk of the
 * run overlaps in each chunk of the other is remembered for as long as the first lives. An edited
 * chunk takes over what its predecessor, found by its first or last table, had with chunks away
 * from the edit. So a pick looks at tables only where an edit was, and takes one step for every
 * other chunk of either run. Memory only: the choice stays a pure function.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import { type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import type { Chunk, Run } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { leastIndex, type Ranks, ranksOf } from './least.ts'

type Tables = readonly TableMeta[]

/** Overlapping bytes of some tables of a chunk, from index `first` on, with one other chunk. */
interface Shared {
  readonly other: Tables
  readonly first: number
  readonly bytes: readonly number[]
}

/** A chunk against all chunks of the other run that it overlaps, in key order. */
interface Known {
  readonly tables: Tables
  readonly shared: readonly Shared[]
  readonly ranks: Ranks
}

/**
 * Index in `run`, not empty, of the table with the least ratio of overlapping raw bytes in `other`
 * to its own; of equal ones the first at or after index `start`, around the end.
 */
export type LeastOverlapIndex = (run: Run, other: Run | undefined, start: number) => number

/** Each has a memory of its own: one for every distance between the two runs. */
export function leastOverlap(): LeastOverlapIndex {
  const memory = new WeakMap<Tables | TableMeta, Known>()
  return (run, other, start) => {
    if (other === undefined) return start
    const { chunks } = other
    let from = 0
    return leastIndex(run, start, ({ tables }) => {
      const range = { smallest: tables[0]!.smallest, largest: tables.at(-1)!.largest }
      while (from < chunks.length && isBefore(lastOf(chunks[from]!), range)) from++
      const known = memory.get(tables)
      const unchanged = known !== undefined && startsWith(chunks, from, known.shared)
      let to = unchanged ? from + known.shared.length : from
      const sure = to
      while (to < chunks.length && !isAfter(chunks[to]!.tables[0]!, range)) to++
      // Chunks before the last one end before it starts, so the next chunk need not look at them.
      const first = from
      from = Math.max(from, to - 1)
      if (unchanged && to === sure) return known.ranks
      const before = known ?? memory.get(tables[0]!) ?? memory.get(tables.at(-1)!)
      const fresh = against(tables, chunks.slice(first, to), before)
      for (const key of [tables, tables[0]!, tables.at(-1)!]) memory.set(key, fresh)
      return fresh.ranks
    }).index
  }
}

function startsWith(chunks: readonly Chunk[], from: number, shared: readonly Shared[]): boolean {
  for (let at = 0; at < shared.length; at++) {
    if (chunks[from + at]?.tables !== shared[at]!.other) return false
  }
  return true
}

/** `before` is what is known of the chunk, or of the one it was made from. */
function against(tables: Tables, chunks: readonly Chunk[], before: Known | undefined): Known {
  const carry = before === undefined ? null : carrier(before, tables)
  const shared = chunks.map(({ tables: other }) => {
    const known = before?.shared.find((part) => part.other === other)
    if (known !== undefined && carry !== null) return carry(known)
    const first = lowerIndex(tables, other[0]!.smallest)
    const last = lowerIndex(tables, other.at(-1)!.largest)
    const met = tables.slice(first, last + 1)
    return { other, first, bytes: met.map((table) => sharedBytes(table, other)) }
  })
  const bytes = tables.map(() => 0)
  for (const part of shared) {
    for (let at = 0; at < part.bytes.length; at++) bytes[part.first + at]! += part.bytes[at]!
  }
  const ratios = bytes.map((sum, at) => sum / Math.max(rawBytes(tables[at]!), 1))
  return { tables, shared, ranks: ranksOf(ratios) }
}

/** Takes a part over to `tables`, looking only at the stretch in which they differ. */
function carrier(before: Known, tables: Tables): (part: Shared) => Shared {
  const old = before.tables
  const most = Math.min(old.length, tables.length)
  const grown = tables.length - old.length
  let head = 0
  while (head < most && old[head] === tables[head]) head++
  let tail = 0
  while (tail < most - head && old.at(-1 - tail) === tables.at(-1 - tail)) tail++
  if (head === old.length && grown === 0) return (part) => part
  const tailFrom = tables.length - tail
  const stretch = tables.slice(head, tailFrom)
  return (part) => {
    const { other, first, bytes } = part
    const range = { smallest: other[0]!.smallest, largest: other.at(-1)!.largest }
    if (!stretch.some((table) => overlaps(table, range))) {
      if (first + bytes.length <= head) return part
      if (first + grown >= tailFrom) return { ...part, first: first + grown }
    }
    const from = Math.min(first, head)
    const to = Math.max(first + bytes.length + grown, tailFrom)
    const taken = Array.from({ length: to - from }, (_, turn) => {
      const at = from + turn
      if (at >= head && at < tailFrom) return sharedBytes(tables[at]!, other)
      return bytes[(at < head ? at : at - grown) - first] ?? 0
    })
    return { other, first: from, bytes: taken }
  }
}

/** Raw bytes of the tables of `other` that overlap the range. */
function sharedBytes(range: KeyRange, other: Tables): number {
  let bytes = 0
  for (let at = lowerIndex(other, range.smallest); at < other.length; at++) {
    if (isAfter(other[at]!, range)) break
    bytes += rawBytes(other[at]!)
  }
  return bytes
}

/** Index of the first table whose largest key is ≥ `key`; the number of tables when none is. */
function lowerIndex(tables: Tables, key: Uint8Array): number {
  let low = 0
  let high = tables.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(tables[middle]!.largest, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function lastOf(chunk: Chunk): TableMeta {
  return chunk.tables.at(-1)!
}

function isBefore(a: KeyRange, b: KeyRange): boolean {
  return compareBytes(a.largest, b.smallest) < 0
}

function isAfter(a: KeyRange, b: KeyRange): boolean {
  return compareBytes(a.smallest, b.largest) > 0
}
