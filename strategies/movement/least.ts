/**
 * Owns the search for the table of a run that ranks least, in time that does not grow with what did
 * not change: each chunk's ranks and their least are remembered for as long as the chunk lives, and
 * chunks are shared between versions, so a pick ranks the chunks that were edited and looks at one
 * number of any other. Memory only: the choice stays a pure function of the run.
 *
 * Equal ranks go to the first table at or after the round-robin cursor, never to the lowest key,
 * which would rewrite the same part of the next level over and over at several times the cost.
 */

import type { Chunk, Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'

type Tables = readonly TableMeta[]

/** Ranks of a chunk's tables, by index in the chunk; the least of them, and where it first is. */
export interface Ranks {
  readonly ranks: readonly number[]
  readonly least: number
  readonly leastAt: number
}

export function ranksOf(ranks: readonly number[]): Ranks {
  let leastAt = 0
  for (let at = 1; at < ranks.length; at++) if (ranks[at]! < ranks[leastAt]!) leastAt = at
  return { ranks, least: ranks[leastAt]!, leastAt }
}

/** Ranks that depend on nothing but the table, remembered by chunk. */
export function rankedBy(rankOf: (table: TableMeta) => number): (chunk: Chunk) => Ranks {
  const known = new WeakMap<Tables, Ranks>()
  return ({ tables }) => {
    const memo = known.get(tables)
    if (memo !== undefined) return memo
    const fresh = ranksOf(tables.map(rankOf))
    known.set(tables, fresh)
    return fresh
  }
}

/**
 * Of a run, not empty, the table of the least rank; of equal ones the first at or after index
 * `start`, around the end. `ranksOfChunk` is asked once for every chunk, in key order.
 */
export function leastIndex(
  run: Run,
  start: number,
  ranksOfChunk: (chunk: Chunk) => Ranks,
): { readonly index: number; readonly rank: number } {
  const tables = run.totals.tables
  let rank = Number.POSITIVE_INFINITY
  let index = start
  let turn = Number.POSITIVE_INFINITY
  for (const chunk of run.chunks) {
    const { ranks, least, leastAt } = ranksOfChunk(chunk)
    if (least > rank) continue
    if (least < rank) turn = Number.POSITIVE_INFINITY
    rank = least
    let at = leastAt
    if (chunk.firstIndex + at < start) {
      // Only the chunk that holds the cursor has a table beyond it as well as this one before it.
      const beyond = ranks.indexOf(least, Math.max(start - chunk.firstIndex, 0))
      if (beyond >= 0) at = beyond
    }
    const ownTurn = (chunk.firstIndex + at - start + tables) % tables
    if (ownTurn >= turn) continue
    index = chunk.firstIndex + at
    turn = ownTurn
  }
  return { index, rank }
}
