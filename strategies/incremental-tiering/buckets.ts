/**
 * Owns the buckets of incremental tiering: which neighbouring runs are of similar size, and which
 * bucket is due. A bucket that has begun to merge, or that a job reads, takes no further runs.
 */

import type { PickReason, TreeView } from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import { runsNewestFirst } from '../../engine/version/version.ts'
import { busyOf } from '../primitives/busy.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'

export interface PlacedRun {
  readonly level: number
  readonly run: Run
}

/** Runs that are merged into the oldest of them, newest first, and why. */
export interface Merge {
  readonly runs: readonly PlacedRun[]
  readonly reason: PickReason
}

/** The parameters that decide about buckets; `incremental-tiering.ts` describes them. */
export interface BucketLimits {
  readonly max_threshold: number
  readonly bucket_low: number
  readonly bucket_high: number
  readonly min_sstable_size: number
  readonly space_amplification_goal: number
  readonly targetTableBytes: number
}

/** Neighbouring runs of similar size, newest first; or one run that is in a merge already. */
export interface Bucket {
  readonly runs: PlacedRun[]
  readonly isFree: boolean
  /** Size of the first run. */
  readonly smallest: number
  meanBytes: number
}

/** All runs in buckets, newest first. Sizes only grow, as if Scylla had sorted the runs. */
export function bucketsOf(
  view: TreeView,
  limits: BucketLimits,
  begun: readonly Merge[],
): readonly Bucket[] {
  const { bucket_low, bucket_high, min_sstable_size } = limits
  const least = min_sstable_size === 0 ? tableBytes(view, limits) / 20 : min_sstable_size
  const busy = busyOf(view)
  const merging = new Set(begun.flatMap(({ runs }) => runs.map(({ run }) => run.id)))
  const buckets: Bucket[] = []
  let bytes = 0
  for (const placed of runsNewestFirst(view.version)) {
    bytes = Math.max(bytes, placed.run.totals.rawBytes)
    const last = buckets.at(-1)
    const isFree = !busy.readsRun(placed.run.id) && !merging.has(placed.run.id)
    if (last?.isFree && isFree) {
      const { runs, meanBytes } = last
      const isSmall = bytes < least
      const isSimilar = bytes > meanBytes * bucket_low && bytes < meanBytes * bucket_high
      const nextMean = (meanBytes * runs.length + bytes) / (runs.length + 1)
      // The mean may not grow until the smallest run is too small for it.
      const keepsSmallest = isSmall || last.smallest > nextMean * bucket_low
      if ((isSimilar || (isSmall && meanBytes < least)) && keepsSmallest) {
        runs.push(placed)
        last.meanBytes = nextMean
        continue
      }
    }
    buckets.push({ runs: [placed], isFree, smallest: bytes, meanBytes: bytes })
  }
  return buckets
}

/** The bucket with the most runs, if these are enough; of equal ones the smallest runs. */
export function fullestBucket(
  buckets: readonly Bucket[],
  runsMin: number,
  { max_threshold }: BucketLimits,
): Merge | null {
  let fullest: Bucket | null = null
  let most = runsMin - 1
  for (const bucket of buckets) {
    const count = Math.min(bucket.runs.length, max_threshold)
    if (count <= most || !bucket.isFree) continue
    most = count
    fullest = bucket
  }
  if (fullest === null) return null
  return {
    runs: fullest.runs.slice(0, max_threshold),
    reason: {
      trigger: 'sorted runs',
      formula: 'similar runs ≥ min_threshold',
      values: { similar: fullest.runs.length, min_threshold: runsMin, bytes: fullest.meanBytes },
    },
  }
}

/** The two largest buckets, if the smaller makes space amplification exceed the goal. */
export function crossTierMerge(
  buckets: readonly Bucket[],
  { space_amplification_goal: goal }: BucketLimits,
): Merge | null {
  const [second, largest] = buckets.slice(-2)
  if (goal === 0 || second === undefined || largest === undefined) return null
  if (!second.isFree || !largest.isFree) return null
  const largestBytes = rawBytesOf(largest.runs)
  const secondBytes = rawBytesOf(second.runs)
  if (largestBytes + secondBytes <= goal * largestBytes) return null
  return {
    runs: [...second.runs, ...largest.runs],
    reason: {
      trigger: 'space amplification',
      formula: '(largest + second) / largest > space_amplification_goal',
      values: { largest: largestBytes, second: secondBytes, space_amplification_goal: goal },
    },
  }
}

function rawBytesOf(runs: readonly PlacedRun[]): number {
  return runs.reduce((sum, { run }) => sum + run.totals.rawBytes, 0)
}
