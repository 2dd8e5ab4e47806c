/**
 * Owns RocksDB's scheduling: flushes run in the pool of high priority, merges in the pool of low
 * priority (`DBImpl::MaybeScheduleFlushOrCompaction`). A running job is never paused; of the queued
 * merges those out of level 0 start first. Without a rate limiter all running jobs are equal. With
 * one, flushes are served before merges except in one of ten refills (`GenericRateLimiter`,
 * fairness 10). RocksDB also runs a single merge at a time while nothing presses
 * (`WriteController::NeedSpeedupCompaction`); that is left out here.
 */

import type {
  ScheduledJob,
  SchedulingPlan,
  SchedulingPolicy,
  SchedulingView,
} from '../../engine/scheduling/policy.ts'
import { candidates, equalShares, mergeWorkers } from './shares.ts'

/** The share of flushes in a limited bandwidth, where merges want it too. */
const HIGH_POOL_SHARE = 0.9

export function rocksdb(): SchedulingPolicy {
  return {
    name: 'rocksdb',
    mergesMax: mergeWorkers,
    plan(view) {
      const { flushes, merges, mergesMax } = candidates(view)
      const running = levelZeroFirst(merges).slice(0, mergesMax)
      const isLimited = view.limitBytesPerSecond !== null
      return isLimited && flushes.length > 0 && running.length > 0
        ? byPools(view, flushes, running)
        : equalShares(view, [...flushes, ...running])
    },
  }
}

/** Started merges stay in front, because none of them is paused. */
function levelZeroFirst(merges: readonly ScheduledJob[]): readonly ScheduledJob[] {
  const rank = ({ startedAtMs, fromLevel }: ScheduledJob) => {
    if (startedAtMs !== null) return 0
    return fromLevel === 0 ? 1 : 2
  }
  return [...merges].sort((a, b) => rank(a) - rank(b))
}

function byPools(
  { jobs }: SchedulingView,
  high: readonly ScheduledJob[],
  low: readonly ScheduledJob[],
): SchedulingPlan {
  const shareOf = (job: ScheduledJob) => {
    if (high.includes(job)) return HIGH_POOL_SHARE / high.length
    return low.includes(job) ? (1 - HIGH_POOL_SHARE) / low.length : 0
  }
  return { shares: jobs.map(shareOf), bytesPerSecond: null }
}
