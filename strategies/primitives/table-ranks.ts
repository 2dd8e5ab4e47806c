/**
 * Owns the search for the table of a run that ranks least, in time that does not grow with what did
 * not change: the ranks of each chunk and their least are remembered (`lineage.ts`), so a pick ranks
 * the chunks that were edited and looks at one number of any other. The choice stays a pure
 * function of the run.
 *
 * Equal ranks go to the first table at or after the round-robin cursor, never to the lowest key,
 * which would rewrite the same part of the next level over and over at several times the cost.
 */

import { type Chunk, chunkAt, type Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { carriedOver, type Hole, holesBetween, Lineages } from './lineage.ts'

/** Ranks of a run, never written to once they are handed out. */
export interface Ranks {
  /** By chunk, and by index in the chunk. */
  readonly chunks: (readonly number[])[]
  /** The least of each chunk: all that a search reads of the others. */
  readonly leasts: number[]
}

export type RanksOfRun = (run: Run) => Ranks

/** Of the ranks of a chunk, which is not empty. */
export function leastOf(ranks: readonly number[]): number {
  let least = ranks[0]!
  for (let at = 1; at < ranks.length; at++) if (ranks[at]! < least) least = ranks[at]!
  return least
}

function ranksOf(chunks: (readonly number[])[]): Ranks {
  return { chunks, leasts: chunks.map(leastOf) }
}

/** The ranks of a run after edits, of which its chunks tell; owned. */
export function ranksAfter(
  before: Ranks,
  holes: readonly Hole[],
  ranksInHole: (hole: Hole) => readonly (readonly number[])[],
): Ranks {
  const chunks = before.chunks.slice()
  for (const hole of holes.toReversed()) {
    chunks.splice(hole.beforeFrom, hole.beforeTo - hole.beforeFrom, ...ranksInHole(hole))
  }
  const leasts = carriedOver(before.leasts, holes)
  for (const { from, to } of holes) {
    for (let at = from; at < to; at++) leasts[at] = leastOf(chunks[at]!)
  }
  return { chunks, leasts }
}

/** Runs of fewer chunks are flushed or small: too many to be remembered, and ranked at once. */
const REMEMBERED_CHUNKS_MIN = 3

/** Ranks that depend on nothing but the table. */
export function rankedBy(rankOf: (table: TableMeta) => number): RanksOfRun {
  const lineages = new Lineages<{ readonly run: Run; readonly ranks: Ranks }>()
  const ofChunk = ({ tables }: Chunk) => tables.map(rankOf)
  const small = new WeakMap<Chunk, readonly number[]>()
  const ofSmall = (chunk: Chunk) => {
    const known = small.get(chunk) ?? ofChunk(chunk)
    small.set(chunk, known)
    return known
  }
  return (run) => {
    const { chunks } = run
    if (chunks.length < REMEMBERED_CHUNKS_MIN) return ranksOf(chunks.map(ofSmall))
    const before = lineages.ancestor(run)
    if (before?.run === run) return before.ranks
    const ranks =
      before === undefined
        ? ranksOf(chunks.map(ofChunk))
        : ranksAfter(before.ranks, holesBetween(before.run.chunks, chunks), ({ from, to }) =>
            chunks.slice(from, to).map(ofChunk),
          )
    lineages.keep({ run, ranks }, before)
    return ranks
  }
}

/** The least rank of a run, not empty. */
export function leastRankOf({ leasts }: Ranks): number {
  return leastOf(leasts)
}

/**
 * Of a run, not empty, the table of the least rank; of equal ones the first at or after index
 * `start`, around the end.
 */
export function leastIndex(
  run: Run,
  start: number,
  { chunks, leasts }: Ranks,
): { readonly index: number; readonly rank: number } {
  const own = chunkAt(run, start)
  let chunk = own
  let rank = Number.POSITIVE_INFINITY
  for (let turn = 1, at = own + 1; turn < leasts.length; turn++, at++) {
    if (at === leasts.length) at = 0
    if (leasts[at]! >= rank) continue
    rank = leasts[at]!
    chunk = at
  }
  // The chunk that holds the cursor is the first in turn from there on, and the last before it.
  const first = run.firstIndexes[own]!
  const beyond = chunks[own]!.indexOf(leasts[own]!, start - first)
  if (leasts[own]! < rank || (leasts[own] === rank && beyond >= 0)) {
    const at = beyond >= 0 ? beyond : chunks[own]!.indexOf(leasts[own]!)
    return { index: first + at, rank: leasts[own]! }
  }
  return { index: run.firstIndexes[chunk]! + chunks[chunk]!.indexOf(rank), rank }
}
