/**
 * Owns write amplification of leveling that merges one table at a time (LevelDB, RocksDB), by Lim,
 * Andersen & Kaminsky, FAST '16, Algorithm 1. It counts unique keys among requests: u requests hold
 * fewer than u keys, merges collapse more, and a table leaves its level after a round-robin turn
 * through all of it. Steady state of overwrites, keys drawn independently; sizes in entries.
 *
 * The model knows round-robin only, a level 0 that merges whole, and tables far smaller than their
 * level. It is no model of loading unique keys.
 *
 * Soft cuts (derived here). The last term counts the tables at the two ends of a merge that are
 * met only in part: half a table at each end, so for each table that goes down one more is
 * rewritten. By RocksDB's rule a table ends at the first border of the next level's tables that it
 * crosses when it is 55 to 90 % full, and by size only at twice the target. Borders come T times in
 * a table's length, so nearly every table ends at one: it meets whole tables, and the term is 0.
 * The borders stay where they are until the table goes down: only a merge of tables above a range
 * cuts the range again, and it begins and ends with borders itself.
 */

import { sum } from './fluid-point.ts'

/** Keys requested equally often. */
export interface KeyClass {
  readonly keys: number
  /** Of one of them at each request; Σ keys·probability = 1. */
  readonly probability: number
}

/** The paper's f(k), grouped: a Zipfian of millions is hundreds of classes. */
export type KeyClasses = readonly KeyClass[]

export const uniformKeys = (keys: number): KeyClasses => [{ keys, probability: 1 / keys }]

export interface PartialTree {
  /** Requests a memtable takes. */
  readonly memtableRequests: number
  /** c0: runs of level 0 that start a merge. */
  readonly levelZeroRuns: number
  /** Size(1) … Size(L) in entries; the last is what the tree holds of all keys. */
  readonly levelEntries: readonly number[]
  /** Whether tables end at borders of the next level's tables (RocksDB's soft cuts). */
  readonly endsAtBorders: boolean
}

/** Entries written per request, by what writes them. */
export interface PartialWrites {
  /** Unique(wal)/wal. */
  readonly flush: number
  /** Write(1)/Interval(0), Write(2)/Interval(1) …: into level 1, 2 … */
  readonly merges: readonly number[]
  /**
   * Part of `merges`: Unique(Interval(l))/Interval(l), tables met that hold nothing of the range.
   */
  readonly falseOverlap: number
  /** flush + merges; a write-ahead log adds 1. */
  readonly total: number
}

export function partialWrites(classes: KeyClasses, tree: PartialTree): PartialWrites {
  const { memtableRequests, levelZeroRuns, levelEntries, endsAtBorders } = tree
  const flush = uniqueKeys(classes, memtableRequests) / memtableRequests
  let interval = memtableRequests * levelZeroRuns
  let falseOverlap = 0
  const merges = levelEntries.map((size, index) => {
    const above = index === 0 ? 0 : turnInterval(classes, levelEntries[index - 1]!)
    interval += above
    const arriving = uniqueKeys(classes, interval)
    const missed = index === 0 || endsAtBorders ? 0 : arriving
    falseOverlap += missed / interval
    return (mergedKeys(classes, arriving, size) + missed) / interval
  })
  return { flush, merges, falseOverlap, total: flush + sum(merges) }
}

/** Unique(p) = N − Σ_k (1 − f(k))^p: distinct keys among p requests. */
export function uniqueKeys(classes: KeyClasses, requests: number): number {
  return sum(
    classes.map(({ keys, probability }) => -keys * Math.expm1(requests * Math.log1p(-probability))),
  )
}

/** Unique⁻¹(u): requests that hold u distinct keys; infinite where u is all of them. */
export function requestsFor(classes: KeyClasses, unique: number): number {
  const keys = sum(classes.map((of) => of.keys))
  if (unique >= keys) return Infinity
  return solveRising((requests) => uniqueKeys(classes, requests), unique)
}

/** Merge(u, v) = Unique(Unique⁻¹(u) + Unique⁻¹(v)): keys left of two tables of u and of v. */
export function mergedKeys(classes: KeyClasses, u: number, v: number): number {
  return uniqueKeys(classes, requestsFor(classes, u) + requestsFor(classes, v))
}

/**
 * DInterval(l): requests in one turn through a level of this size. A key d of N steps from the
 * cursor has been gathering for d/N of the turn: Σ_{d<N} Unique(DInterval·d/N)/N = Size(l), whose
 * sum over d is geometric. Infinite where the level could hold every key: no turn fills it.
 */
export function turnInterval(classes: KeyClasses, size: number): number {
  const N = sum(classes.map(({ keys }) => keys))
  if (size >= N - 1) return Infinity
  const gathered = (turn: number) =>
    sum(
      classes.map(({ keys, probability }) => {
        const logMissed = turn * Math.log1p(-probability)
        if (logMissed === 0) return 0
        return keys * (1 - Math.expm1(logMissed) / (N * Math.expm1(logMissed / N)))
      }),
    )
  return solveRising(gathered, size)
}

/** x ≥ 0 with f(x) = target, by doubling and bisection to the last bit that matters. */
function solveRising(f: (x: number) => number, target: number): number {
  let high = 1
  while (f(high) < target && high < 1e300) high *= 2
  let low = 0
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2
    if (f(middle) < target) low = middle
    else high = middle
  }
  return (low + high) / 2
}
