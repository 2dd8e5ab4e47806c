/**
 * Owns the choice of the table that overlaps least with the next level, per byte of its own
 * (RocksDB's default, kMinOverlappingRatio; 'LO+1' of Sarkar et al.). Equal ratios are decided by
 * the round-robin order, never by the lowest key.
 *
 * A table's ratio depends on nothing but its neighbours in the next run, so ratios are remembered
 * by chunk, for as long as the chunks involved live: a pick looks at the chunks that changed and at
 * one number of any other, not at every table. Memory only, so the choice stays a pure function.
 */

import { compareBytes } from '../engine/base/compare.ts'
import type { KeyRange } from '../engine/version/key-range.ts'
import type { Chunk, Run } from '../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../engine/version/table-meta.ts'

type Tables = readonly TableMeta[]

interface Ratios {
  /** The chunks of the next run they were computed against. */
  readonly next: readonly Tables[]
  /** Overlapping bytes per byte of the table, by its index in the chunk. */
  readonly ratios: readonly number[]
  readonly least: number
}

const known = new WeakMap<Tables, Ratios>()

/**
 * Index in `run`, not empty, of the table with the least ratio of overlapping raw bytes in `next`
 * to its own; of equal ones the first at or after index `start`, around the end.
 */
export function leastOverlapIndex(run: Run, next: Run | undefined, start: number): number {
  const tables = run.totals.tables
  let least = Infinity
  let best = start
  let bestTurn = Infinity
  let from = 0
  const nextChunks = next?.chunks ?? []
  for (const chunk of run.chunks) {
    const range = rangeOfChunk(chunk)
    while (from < nextChunks.length && isBefore(lastOf(nextChunks[from]!), range)) from++
    let to = from
    while (to < nextChunks.length && !isAfter(nextChunks[to]!.tables[0]!, range)) to++
    const { ratios, least: leastHere } = ratiosOf(chunk, nextChunks, from, to)
    if (leastHere > least) continue
    if (leastHere < least) bestTurn = Infinity
    least = leastHere
    ratios.forEach((ratio, at) => {
      const turn = (chunk.firstIndex + at - start + tables) % tables
      if (ratio !== leastHere || turn >= bestTurn) return
      best = chunk.firstIndex + at
      bestTurn = turn
    })
  }
  return best
}

/** The ratios of a chunk's tables against chunks [from, to) of the next run. */
function ratiosOf(chunk: Chunk, nextChunks: readonly Chunk[], from: number, to: number): Ratios {
  const memo = known.get(chunk.tables)
  if (
    memo?.next.length === to - from &&
    memo.next.every((tables, at) => tables === nextChunks[from + at]!.tables)
  ) {
    return memo
  }
  const next = nextChunks.slice(from, to).map(({ tables }) => tables)
  const ratios = overlapRatios(chunk.tables, next.flat())
  const fresh = { next, ratios, least: Math.min(...ratios) }
  known.set(chunk.tables, fresh)
  return fresh
}

/** One sweep over both lists, each in key order. */
function overlapRatios(tables: Tables, next: Tables): readonly number[] {
  let from = 0
  return tables.map((table) => {
    while (from < next.length && isBefore(next[from]!, table)) from++
    let bytes = 0
    for (let at = from; at < next.length && !isAfter(next[at]!, table); at++) {
      bytes += rawBytes(next[at]!)
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
