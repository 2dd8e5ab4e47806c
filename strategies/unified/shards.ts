/**
 * Owns the measure of the key space: shards. Their borders are keys taken from the data, so that
 * all shards hold about the same share of it, and each counts as an equal share of the key space.
 * Cassandra's tokens are hashes of keys, and its shards equal parts of the token space.
 *
 * Borders last: they are kept in the strategy's state. Their number only doubles, when the tree has
 * grown and its largest run has a table that begins within every shard. The first key of a table
 * near the middle of a shard becomes the new border. So a border of few shards is also one of many,
 * and tables that were cut at few borders never cross one where others were cut at many. If more
 * than half of all tables come to lie in one shard, as when keys ascend, all borders are taken anew.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import type { Level } from '../../engine/version/level.ts'
import { lowerBound, type Run, tableAt } from '../../engine/version/run.ts'
import { fromHex, toHex } from '../primitives/round-robin.ts'

/** Most shards of a tree: the state holds a key for each. Denser tables are cut by size as well. */
const SHARDS_MAX = 128

/** The borders between shards, ascending, in hex; one fewer than there are shards. */
export type Borders = readonly string[]

/** The shards of a pick. */
export interface Shards {
  readonly count: number
  readonly borders: Borders
  /** The same as keys. */
  readonly keys: readonly Uint8Array[]
}

export function shardsOf(borders: Borders): Shards {
  return { count: borders.length + 1, borders, keys: borders.map(fromHex) }
}

/**
 * The known shards, doubled towards `wanted` as far as the largest run has tables, or taken anew.
 * The first are `base` shards.
 */
export function grownShards(view: TreeView, known: Borders, base: number, wanted: number): Shards {
  const run = largestRun(view)
  let shards = shardsOf(known)
  if (run === undefined) return shards
  if (shards.count === 1 || isSkewed(view, shards)) shards = takenFrom(run, shards, base)
  while (shards.count > 1 && shards.count * 2 <= Math.min(wanted, SHARDS_MAX)) {
    const doubled = doubledBy(run, shards)
    if (doubled === null) break
    shards = doubled
  }
  return shards
}

function largestRun({ version }: TreeView): Run | undefined {
  let largest: Run | undefined
  for (const { runs } of version.levels) {
    for (const run of runs) {
      if (run.totals.rawBytes > (largest?.totals.rawBytes ?? 0)) largest = run
    }
  }
  return largest
}

/** Equal numbers of a run's tables in each shard; the known shards if it has too few tables. */
function takenFrom(run: Run, known: Shards, base: number): Shards {
  const count = Math.max(known.count, base)
  const { tables } = run.totals
  if (tables < count) return known
  const starts = Array.from({ length: count - 1 }, (_, at) =>
    tableAt(run, Math.round(((at + 1) * tables) / count)),
  )
  return shardsOf(starts.map(({ smallest }) => toHex(smallest)))
}

/** Null if no table begins within some shard. */
function doubledBy(run: Run, { count, borders, keys }: Shards): Shards | null {
  const doubled: string[] = []
  for (let shard = 0; shard < count; shard++) {
    const from = shard === 0 ? 1 : firstBeginningAfter(run, keys[shard - 1]!)
    const to = shard === count - 1 ? run.totals.tables : firstBeginningAt(run, keys[shard]!)
    if (to <= from) return null
    // The shard's own first table begins at its border: of the rest, the middle one.
    doubled.push(toHex(tableAt(run, from + Math.floor((to - from) / 2)).smallest))
    if (shard < borders.length) doubled.push(borders[shard]!)
  }
  return shardsOf(doubled)
}

function firstBeginningAt(run: Run, key: Uint8Array): number {
  const at = lowerBound(run, key)
  return at < run.totals.tables && startsBefore(run, at, key) ? at + 1 : at
}

/** Index of the first table that begins beyond the table that begins at the key or holds it. */
function firstBeginningAfter(run: Run, key: Uint8Array): number {
  return Math.min(firstBeginningAt(run, key) + 1, run.totals.tables)
}

function isSkewed({ version }: TreeView, { keys, count }: Shards): boolean {
  const tables = new Array<number>(count).fill(0)
  let total = 0
  for (const { runs } of version.levels.slice(1)) {
    for (const run of runs) {
      let from = 0
      for (let shard = 0; shard < count; shard++) {
        const to = shard < keys.length ? lowerBound(run, keys[shard]!) : run.totals.tables
        tables[shard]! += to - from
        from = to
      }
      total += run.totals.tables
    }
  }
  return total >= 4 * count && Math.max(...tables) > total / 2
}

/** The tables of a bucket that lie in one run: those with index from … to − 1. */
export interface Layer {
  readonly run: Run
  /** Index of the run in the level. */
  readonly at: number
  readonly from: number
  readonly to: number
}

/** Neighbouring shards, from … to − 1, with tables of one level that belong together. */
export interface Bucket {
  readonly from: number
  readonly to: number
  /** Newest first, not empty. */
  readonly layers: readonly Layer[]
}

/**
 * The buckets of a level, ascending: shards that a table of the level crosses belong to one bucket.
 * So no table of one bucket overlaps a table of another (Cassandra: transitive overlap).
 */
export function bucketsOf({ runs }: Level, { keys, count }: Shards): readonly Bucket[] {
  /** By run and border, the first table that reaches the border. */
  const reaching = runs.map((run) => keys.map((key) => lowerBound(run, key)))
  const isCrossed = (border: number) =>
    runs.some((run, at) => startsBefore(run, reaching[at]![border]!, keys[border]!))
  const buckets: Bucket[] = []
  for (let from = 0, to = 1; from < count; from = to++) {
    while (to < count && isCrossed(to - 1)) to++
    const layers = runs.flatMap((run, at): readonly Layer[] => {
      const first = from === 0 ? 0 : reaching[at]![from - 1]!
      const end = to === count ? run.totals.tables : reaching[at]![to - 1]!
      return first < end ? [{ run, at, from: first, to: end }] : []
    })
    if (layers.length > 0) buckets.push({ from, to, layers })
  }
  return buckets
}

/** Whether the table exists and begins before the key. */
function startsBefore(run: Run, index: number, key: Uint8Array): boolean {
  return index < run.totals.tables && compareBytes(tableAt(run, index).smallest, key) < 0
}
