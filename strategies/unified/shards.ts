/**
 * Owns the measure of the key space: shards. Their borders are keys taken from the data, so that
 * all shards hold about the same share of it, and each counts as an equal share of the key space.
 * Cassandra's tokens are hashes of keys, and its shards equal parts of the token space.
 *
 * Borders last: they are kept in the strategy's state. Their number only doubles, when the tree has
 * grown and a table of its largest run begins near the middle of every shard: a key before that
 * table becomes the new border. So a border of few shards is also one of many. If more than half of
 * all tables come to lie in one shard, as when keys ascend, new borders replace all.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { endsBefore } from '../../engine/version/key-range.ts'
import type { Level } from '../../engine/version/level.ts'
import { lowerBound, type Run, tableAt, tablesOf } from '../../engine/version/run.ts'
import { rawBytes } from '../../engine/version/table-meta.ts'
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

/** Remembered: the state keeps the same borders from pick to pick. */
export function shardsOf(borders: Borders): Shards {
  let shards = shardsOfBorders.get(borders)
  if (shards === undefined) {
    shards = { count: borders.length + 1, borders, keys: borders.map(fromHex) }
    shardsOfBorders.set(borders, shards)
  }
  return shards
}

const shardsOfBorders = new WeakMap<Borders, Shards>()

/**
 * The known shards, doubled towards `wanted` as far as the largest run has tables; new ones if they
 * no longer divide the data. The first are `base` shards.
 */
export function grownShards(view: TreeView, known: Borders, base: number, wanted: number): Shards {
  const run = largestRun(view)
  let shards = shardsOf(known)
  if (run === undefined) return shards
  if (shards.count < base || isSkewed(view, shards)) shards = takenFrom(run, shards, base)
  while (shards.count >= base && shards.count * 2 <= Math.min(wanted, SHARDS_MAX)) {
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

/** About equal bytes of the run in each shard; the known shards if it has too few tables. */
function takenFrom(run: Run, known: Shards, base: number): Shards {
  const count = Math.max(known.count, base)
  const borders: string[] = []
  let before = 0
  for (let shard = 1; shard < count; shard++) {
    const start = startNearest(run, 0, run.totals.tables, shard / count)
    if (start === null || start <= before) return known
    borders.push(borderBefore(run, start))
    before = start
  }
  return shardsOf(borders)
}

/** Null if no table begins near the middle of some shard. */
function doubledBy(run: Run, { count, borders, keys }: Shards): Shards | null {
  const doubled: string[] = []
  for (let shard = 0; shard < count; shard++) {
    const from = shard === 0 ? 0 : firstBeginningAt(run, keys[shard - 1]!)
    const to = shard === count - 1 ? run.totals.tables : firstBeginningAt(run, keys[shard]!)
    const middle = startNearest(run, from, to, 1 / 2)
    if (middle === null) return null
    doubled.push(borderBefore(run, middle))
    if (shard < borders.length) doubled.push(borders[shard]!)
  }
  return shardsOf(doubled)
}

/** How far from the wanted share of the bytes a border may lie, as a part of them. */
const IMBALANCE_MAX = 0.1

/**
 * Index of the table of [from, to) with about `share` of their bytes before it; null if no table
 * begins near there.
 */
function startNearest(run: Run, from: number, to: number, share: number): number | null {
  const sums = sumsOf(run)
  const bytes = sums[to]! - sums[from]!
  const wanted = sums[from]! + share * bytes
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle]! < wanted) low = middle + 1
    else high = middle
  }
  const nearest = low > from && wanted - sums[low - 1]! < sums[low]! - wanted ? low - 1 : low
  const isNear = Math.abs(sums[nearest]! - wanted) <= IMBALANCE_MAX * bytes
  return nearest > from && nearest < to && isNear ? nearest : null
}

const sumsByRun = new WeakMap<Run, Float64Array>()

/** Raw bytes before each table, and of all; remembered with the run. */
function sumsOf(run: Run): Float64Array {
  let sums = sumsByRun.get(run)
  if (sums === undefined) {
    sums = new Float64Array(run.totals.tables + 1)
    let at = 0
    for (const table of tablesOf(run)) sums[at + 1] = sums[at++]! + rawBytes(table)
    sumsByRun.set(run, sums)
  }
  return sums
}

/** The shortest key between table `index` of the run and the table before it, in hex. */
function borderBefore(run: Run, index: number): string {
  const before = tableAt(run, index - 1)
  const { smallest } = tableAt(run, index)
  let length = 1
  while (!endsBefore(before, smallest.subarray(0, length))) length++
  return toHex(smallest.subarray(0, length))
}

function firstBeginningAt(run: Run, key: Uint8Array): number {
  const at = lowerBound(run, key)
  return at < run.totals.tables && startsBefore(run, at, key) ? at + 1 : at
}

function isSkewed({ version }: TreeView, shards: Shards): boolean {
  const { count } = shards
  const tables = new Array<number>(count).fill(0)
  let total = 0
  for (const { runs } of version.levels.slice(1)) {
    for (const run of runs) {
      let from = 0
      const { reaching } = meetingOf(run, shards)
      for (let shard = 0; shard < count; shard++) {
        const to = reaching[shard] ?? run.totals.tables
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
 * So no table of one bucket overlaps a table of another (Cassandra: transitive overlap). Remembered
 * with the level, since most edits leave most levels as they are.
 */
export function bucketsOf(level: Level, shards: Shards): readonly Bucket[] {
  let known = bucketsByLevel.get(level)
  if (known?.shards !== shards) {
    known = { shards, buckets: dividedInto(shards, level) }
    bucketsByLevel.set(level, known)
  }
  return known.buckets
}

const bucketsByLevel = new WeakMap<
  Level,
  { readonly shards: Shards; readonly buckets: readonly Bucket[] }
>()

function dividedInto(shards: Shards, { runs }: Level): readonly Bucket[] {
  const { count } = shards
  const meetings = runs.map((run) => meetingOf(run, shards))
  const isCrossed = (border: number) => meetings.some(({ crossed }) => crossed[border])
  const buckets: Bucket[] = []
  for (let from = 0, to = 1; from < count; from = to++) {
    while (to < count && isCrossed(to - 1)) to++
    const layers: Layer[] = []
    for (const [at, run] of runs.entries()) {
      const { reaching } = meetings[at]!
      const first = from === 0 ? 0 : reaching[from - 1]!
      const end = to === count ? run.totals.tables : reaching[to - 1]!
      if (first < end) layers.push({ run, at, from: first, to: end })
    }
    if (layers.length > 0) buckets.push({ from, to, layers })
  }
  return buckets
}

/** Where a run meets the borders of shards. */
interface Meeting {
  readonly shards: Shards
  /** For each border, the first table of the run that reaches it. */
  readonly reaching: readonly number[]
  /** Whether this table begins before the border. */
  readonly crossed: readonly boolean[]
}

/** Remembered with the run. */
function meetingOf(run: Run, shards: Shards): Meeting {
  let known = meetingByRun.get(run)
  if (known?.shards !== shards) {
    const { keys } = shards
    const reaching = keys.map((key) => lowerBound(run, key))
    const crossed = keys.map((key, border) => startsBefore(run, reaching[border]!, key))
    known = { shards, reaching, crossed }
    meetingByRun.set(run, known)
  }
  return known
}

const meetingByRun = new WeakMap<Run, Meeting>()

/** Whether the table exists and begins before the key. */
function startsBefore(run: Run, index: number, key: Uint8Array): boolean {
  return index < run.totals.tables && compareBytes(tableAt(run, index).smallest, key) < 0
}
