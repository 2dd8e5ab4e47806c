/**
 * Owns finding the table of a run with the least rank. The ranks of each chunk and their least are
 * remembered (`lineage.ts`), so a pick ranks only the chunks that were edited, and reads one number
 * of any other. The choice stays a pure function of the run.
 *
 * Of equal ranks the first table at or after the round-robin cursor is chosen. Choosing the lowest
 * key would rewrite the same part of the next level over and over, at several times the cost.
 */

import { type Chunk, chunkAt, type Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { carriedOver, type Hole, holesBetween, Lineages } from './lineage.ts'

/** The ranks of a run's tables. They do not change once they are returned. */
export interface Ranks {
  /** By chunk, and by index in the chunk. */
  readonly chunks: (readonly number[])[]
  /** The least of each chunk; a search reads the ranks of one or two chunks only. */
  readonly leasts: number[]
}

export type RanksOfRun = (run: Run) => Ranks

/** The least of the numbers; there must be one. */
export function leastOf(ranks: readonly number[]): number {
  let least = ranks[0]!
  for (let at = 1; at < ranks.length; at++) if (ranks[at]! < least) least = ranks[at]!
  return least
}

function ranksOf(chunks: (readonly number[])[]): Ranks {
  return { chunks, leasts: chunks.map(leastOf) }
}

/** The ranks of a run after the edits that `holes` describe; the caller owns the result. */
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

/** Runs of fewer chunks are too many to remember, and small enough to rank again. */
const REMEMBERED_CHUNKS_MIN = 3

/** Ranks by a function of the table alone. */
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

/** The least rank of a run, which must not be empty. */
export function leastRankOf({ leasts }: Ranks): number {
  return leastOf(leasts)
}

export const NONE_TAKEN: ReadonlySet<number> = new Set()

/**
 * The table with the least rank in a run, which must not be empty. Of equal ranks the first at or
 * after index `start` is chosen, going on from the first table after the last. Tables whose indices
 * are taken are not chosen; one must be free.
 */
export function leastIndex(
  run: Run,
  start: number,
  ranks: Ranks,
  taken: ReadonlySet<number> = NONE_TAKEN,
): { readonly index: number; readonly rank: number } {
  if (taken.size > 0) return leastFreeIndex(run, start, ranks, taken)
  const { chunks, leasts } = ranks
  const own = chunkAt(run, start)
  let chunk = own
  let rank = Number.POSITIVE_INFINITY
  for (let turn = 1, at = own + 1; turn < leasts.length; turn++, at++) {
    if (at === leasts.length) at = 0
    if (leasts[at]! >= rank) continue
    rank = leasts[at]!
    chunk = at
  }
  // In turn, the tables of the cursor's chunk from `start` on come first, and those before it last.
  const first = run.firstIndexes[own]!
  const beyond = chunks[own]!.indexOf(leasts[own]!, start - first)
  if (leasts[own]! < rank || (leasts[own] === rank && beyond >= 0)) {
    const at = beyond >= 0 ? beyond : chunks[own]!.indexOf(leasts[own]!)
    return { index: first + at, rank: leasts[own]! }
  }
  return { index: run.firstIndexes[chunk]! + chunks[chunk]!.indexOf(rank), rank }
}

/** The same, by a walk over all tables: only while jobs run are some of them taken. */
function leastFreeIndex(
  { totals: { tables }, firstIndexes }: Run,
  start: number,
  { chunks, leasts }: Ranks,
  taken: ReadonlySet<number>,
): { readonly index: number; readonly rank: number } {
  const turnOf = (index: number) => (index - start + tables) % tables
  let index = -1
  let rank = Number.POSITIVE_INFINITY
  for (const [chunk, ranks] of chunks.entries()) {
    if (index >= 0 && leasts[chunk]! > rank) continue
    for (const [at, own] of ranks.entries()) {
      const candidate = firstIndexes[chunk]! + at
      if (taken.has(candidate)) continue
      const isBetter = own < rank || (own === rank && turnOf(candidate) < turnOf(index))
      if (index >= 0 && !isBetter) continue
      index = candidate
      rank = own
    }
  }
  return { index, rank }
}
