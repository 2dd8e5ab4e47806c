/**
 * Owns the scheduling policy of a database that is given none: flushes run first, then merges, each
 * in the order in which they were queued, and never more jobs than there are workers. A merge in
 * progress pauses for a flush.
 */

import type { SchedulingPolicy } from './policy.ts'

export const flushesFirst: SchedulingPolicy = {
  name: 'none',
  mergesMax: (workers) => workers,
  plan({ jobs, workers }) {
    const [flushes, merges] = ['flush', 'compaction'].map((cause) =>
      jobs.filter((job) => job.cause === cause),
    )
    const running = new Set([...flushes!, ...merges!].slice(0, workers))
    return {
      shares: jobs.map((job) => (running.has(job) ? 1 / running.size : 0)),
      bytesPerSecond: null,
    }
  },
}
