/**
 * Owns fair scheduling: as many merges as there are workers run beside each other, and each job has
 * an equal share of the bandwidth (Luo & Carey, PVLDB 13(4), "fair scheduler"). A merge that
 * has started is never paused while workers suffice.
 */

import type { SchedulingPolicy } from '../../engine/scheduling/policy.ts'
import { candidates, equalShares, mergeWorkers } from './shares.ts'

export function fair(): SchedulingPolicy {
  return {
    name: 'fair',
    mergesMax: mergeWorkers,
    plan(view) {
      const { flushes, merges, mergesMax } = candidates(view)
      return equalShares(view, [...flushes, ...merges.slice(0, mergesMax)])
    },
  }
}
