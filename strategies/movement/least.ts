/**
 * Owns the search for the table of a run that ranks least, in time that does not grow with what did
 * not change: the ranks of each chunk and their least are remembered (`lineage.ts`), so a pick ranks
 * the chunks that were edited and looks at one number of any other. The choice stays a pure
 * function of the run.
 *
 * Equal ranks go to the first table at or after the round-robin cursor, never to the lowest key,
 * which would rewrite the same part of the next level over and over at several times the cost.
 */

import type { Chunk, Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { holesBetween, Lineages } from './lineage.ts'

/** Ranks of a chunk's tables, by index in the chunk; the least of them, and where it first is. */
export interface Ranks {
  readonly ranks: Float64Array
  readonly least: number
  readonly leastAt: number
}

/** The ranks of a run, chunk by chunk. */
export type RanksOfRun = (run: Run) => readonly Ranks[]

export function ranksOf(ranks: Float64Array): Ranks {
  let leastAt = 0
  for (let at = 1; at < ranks.length; at++) if (ranks[at]! < ranks[leastAt]!) leastAt = at
  return { ranks, least: ranks[leastAt]!, leastAt }
}

/** Runs of fewer chunks are flushed or small: too many to be remembered, and ranked at once. */
const REMEMBERED_CHUNKS_MIN = 3

/** Ranks that depend on nothing but the table. */
export function rankedBy(rankOf: (table: TableMeta) => number): RanksOfRun {
  const lineages = new Lineages<{ readonly run: Run; readonly ranks: readonly Ranks[] }>()
  const ofChunk = ({ tables }: Chunk) => ranksOf(Float64Array.from(tables, rankOf))
  const small = new WeakMap<Chunk, Ranks>()
  const ofSmall = (chunk: Chunk) => {
    const known = small.get(chunk) ?? ofChunk(chunk)
    small.set(chunk, known)
    return known
  }
  return (run) => {
    if (run.chunks.length < REMEMBERED_CHUNKS_MIN) return run.chunks.map(ofSmall)
    const before = lineages.ancestor(run)
    if (before?.run === run) return before.ranks
    const ranks = carried(before, run, ofChunk)
    lineages.keep({ run, ranks }, before)
    return ranks
  }
}

/** The least rank of a run, not empty. */
export function leastRankOf(ranks: readonly Ranks[]): number {
  return ranks.reduce((least, chunk) => Math.min(least, chunk.least), Number.POSITIVE_INFINITY)
}

function carried(
  before: { readonly run: Run; readonly ranks: readonly Ranks[] } | undefined,
  { chunks }: Run,
  ofChunk: (chunk: Chunk) => Ranks,
): readonly Ranks[] {
  if (before === undefined) return chunks.map(ofChunk)
  const ranks: Ranks[] = []
  let at = 0
  for (const { beforeFrom, beforeTo, from, to } of holesBetween(before.run.chunks, chunks)) {
    for (; at < beforeFrom; at++) ranks.push(before.ranks[at]!)
    for (let index = from; index < to; index++) ranks.push(ofChunk(chunks[index]!))
    at = beforeTo
  }
  for (; at < before.ranks.length; at++) ranks.push(before.ranks[at]!)
  return ranks
}

/**
 * Of a run, not empty, the table of the least rank; of equal ones the first at or after index
 * `start`, around the end.
 */
export function leastIndex(
  { firstIndexes, totals }: Run,
  start: number,
  ranksOfChunks: readonly Ranks[],
): { readonly index: number; readonly rank: number } {
  const { tables } = totals
  let rank = Number.POSITIVE_INFINITY
  let index = start
  let turn = Number.POSITIVE_INFINITY
  for (let chunk = 0; chunk < ranksOfChunks.length; chunk++) {
    const { ranks, least, leastAt } = ranksOfChunks[chunk]!
    if (least > rank) continue
    if (least < rank) turn = Number.POSITIVE_INFINITY
    rank = least
    const first = firstIndexes[chunk]!
    let at = leastAt
    if (first + at < start) {
      // Only the chunk that holds the cursor has a table beyond it as well as this one before it.
      const beyond = ranks.indexOf(least, Math.max(start - first, 0))
      if (beyond >= 0) at = beyond
    }
    const ownTurn = (first + at - start + tables) % tables
    if (ownTurn >= turn) continue
    index = first + at
    turn = ownTurn
  }
  return { index, rank }
}
