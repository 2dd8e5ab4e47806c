/**
 * Owns the choice of the table that overlaps least with another run, per byte of its own: with the
 * next level's it is RocksDB's default (kMinOverlappingRatio; LO+1 of Sarkar et al.), with the one
 * after that LO+2. Equal ratios are decided by the round-robin order.
 *
 * A table's ratio depends on nothing but its neighbours in the other run, so ratios are remembered
 * by chunk, for as long as the chunks involved live: a pick looks at the chunks that changed and at
 * one number of any other, not at every table. The walk itself is one step a chunk of either run.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import type { Chunk, Run } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { leastIndex, type Ranks, ranksOf } from './least.ts'

type Tables = readonly TableMeta[]

interface KnownRatios {
  /** The chunks of the other run they were computed against. */
  readonly others: readonly Tables[]
  readonly ranks: Ranks
}

/**
 * Index in `run`, not empty, of the table with the least ratio of overlapping raw bytes in `other`
 * to its own; of equal ones the first at or after index `start`, around the end.
 */
export type LeastOverlapIndex = (run: Run, other: Run | undefined, start: number) => number

/** Each has a memory of its own: one for every distance between the two runs. */
export function leastOverlap(): LeastOverlapIndex {
  const known = new WeakMap<Tables, KnownRatios>()
  return (run, other, start) => {
    if (other === undefined) return start
    let from = 0
    return leastIndex(run, start, (chunk) => {
      const { chunks } = other
      const range = rangeOfChunk(chunk)
      while (from < chunks.length && isBefore(lastOf(chunks[from]!), range)) from++
      let to = from
      while (to < chunks.length && !isAfter(chunks[to]!.tables[0]!, range)) to++
      return ratiosOf(known, chunk, chunks, from, to)
    }).index
  }
}

/** The ratios of a chunk's tables against chunks [from, to) of the other run. */
function ratiosOf(
  known: WeakMap<Tables, KnownRatios>,
  chunk: Chunk,
  chunks: readonly Chunk[],
  from: number,
  to: number,
): Ranks {
  const memo = known.get(chunk.tables)
  if (
    memo?.others.length === to - from &&
    memo.others.every((tables, at) => tables === chunks[from + at]!.tables)
  ) {
    return memo.ranks
  }
  const others = chunks.slice(from, to).map(({ tables }) => tables)
  const ranks = ranksOf(overlapRatios(chunk.tables, others.flat()))
  known.set(chunk.tables, { others, ranks })
  return ranks
}

/** One sweep over both lists, each in key order. */
function overlapRatios(tables: Tables, others: Tables): readonly number[] {
  let from = 0
  return tables.map((table) => {
    while (from < others.length && isBefore(others[from]!, table)) from++
    let bytes = 0
    for (let at = from; at < others.length && !isAfter(others[at]!, table); at++) {
      bytes += rawBytes(others[at]!)
    }
    return bytes / Math.max(rawBytes(table), 1)
  })
}

function rangeOfChunk(chunk: Chunk): KeyRange {
  return { smallest: chunk.tables[0]!.smallest, largest: lastOf(chunk).largest }
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
