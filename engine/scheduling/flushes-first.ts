/**
 * Owns the scheduling policy of a database that is given none: flushes run first, then merges, each
 * in the order in which they were queued, and never more jobs than there are workers. A merge in
 * progress pauses for a flush.
 *
 * Invariant: flushes never hold merges back for good. Of two workers or more, one is left for a
 * merge. A single worker flushes first, because writers wait for it. The limit of level 0 stops
 * writers in the end, and then the merges run. Without this limit the oldest job goes first.
 */

import type { ScheduledJob, SchedulingPolicy, SchedulingView } from './policy.ts'

export const flushesFirst: SchedulingPolicy = {
  name: 'none',
  mergesMax: (workers) => workers,
  plan(view) {
    const { jobs, workers } = view
    const flushes = jobs.filter((job) => job.cause === 'flush')
    const merges = jobs.filter((job) => job.cause === 'compaction')
    const urgent = flushes.slice(0, flushesMax(view, flushes, merges))
    const running = new Set([...urgent, ...merges, ...flushes].slice(0, workers))
    return {
      shares: jobs.map((job) => (running.has(job) ? 1 / running.size : 0)),
      bytesPerSecond: null,
    }
  },
}

/** How many flushes go ahead of all merges. */
function flushesMax(
  { workers, stallLimits }: SchedulingView,
  [flush]: readonly ScheduledJob[],
  [merge]: readonly ScheduledJob[],
): number {
  if (flush === undefined || merge === undefined) return workers
  if (workers > 1) return workers - 1
  return stallLimits.stopRuns === Number.POSITIVE_INFINITY && merge.id < flush.id ? 0 : 1
}
