/**
 * Owns what the scheduling policies share: how the workers are divided between flushes and merges,
 * and how chosen jobs become a plan. Pure.
 */

import type {
  ScheduledJob,
  SchedulingPlan,
  SchedulingView,
} from '../../engine/scheduling/policy.ts'

/** The jobs that a policy chooses from, and how many of the merges may run. */
export interface Candidates {
  /** The oldest flushes, as many as may run. */
  readonly flushes: readonly ScheduledJob[]
  /** All merges: those that have started first, then by age. */
  readonly merges: readonly ScheduledJob[]
  /** How many of the merges may run beside the flushes. */
  readonly mergesMax: number
}

/**
 * A quarter of the workers serves flushes, as RocksDB divides `max_background_jobs`
 * (`DBImpl::GetBGJobLimits`).
 */
function flushWorkers(workers: number): number {
  return Math.max(1, Math.floor(workers / 4))
}

/** The rest serves merges, at least one. */
export function mergeWorkers(workers: number): number {
  return Math.max(1, workers - flushWorkers(workers))
}

/** How many merges are picked for a policy that chooses between them and pauses some. */
export function mergesToChooseFrom(workers: number): number {
  return 4 * mergeWorkers(workers)
}

/**
 * A single worker flushes first, as LevelDB's does (`DBImpl::DoCompactionWork`). The limit of level
 * 0 stops writers in the end, and then the merges run. Without this limit flushes could hold merges
 * back for good, so the oldest job goes first.
 */
export function candidates({ jobs, workers, stallLimits }: SchedulingView): Candidates {
  const merges = jobs.filter((job) => job.cause === 'compaction')
  const isByAge = workers === 1 && stallLimits.stopRuns === Number.POSITIVE_INFINITY
  const flushes = jobs
    .filter((job) => job.cause === 'flush' && !(isByAge && merges.some(({ id }) => id < job.id)))
    .slice(0, flushWorkers(workers))
  const started = merges.filter((job) => job.startedAtMs !== null)
  const queued = merges.filter((job) => job.startedAtMs === null)
  return {
    flushes,
    merges: [...started, ...queued],
    mergesMax: workers === 1 ? 1 - flushes.length : mergeWorkers(workers),
  }
}

/** A plan in which the chosen jobs have equal shares of `bytesPerSecond`. */
export function equalShares(
  { jobs }: SchedulingView,
  chosen: readonly ScheduledJob[],
  bytesPerSecond: number | null = null,
): SchedulingPlan {
  const running = new Set(chosen)
  return {
    shares: jobs.map((job) => (running.has(job) ? 1 / running.size : 0)),
    bytesPerSecond,
  }
}

/** The job with the fewest bytes left, among equals the oldest; null if there is none. */
export function smallestLeft(jobs: readonly ScheduledJob[]): ScheduledJob | null {
  return jobs.reduce<ScheduledJob | null>((smallest, job) => {
    if (smallest === null || job.bytesLeft < smallest.bytesLeft) return job
    return job.bytesLeft === smallest.bytesLeft && job.id < smallest.id ? job : smallest
  }, null)
}
