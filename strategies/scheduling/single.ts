/**
 * Owns single-threaded scheduling: one merge at a time, in the order in which they were picked, to
 * its end (Luo & Carey, PVLDB 13(4), "single-threaded scheduler"; LevelDB). A long merge of
 * deep levels makes all later ones wait. Flushes run beside the merge with equal shares.
 */

import type { SchedulingPolicy } from '../../engine/scheduling/policy.ts'
import { candidates, equalShares } from './shares.ts'

export function single(): SchedulingPolicy {
  return {
    name: 'single',
    mergesMax: () => 1,
    plan(view) {
      const { flushes, merges, mergesMax } = candidates(view)
      return equalShares(view, [...flushes, ...merges.slice(0, Math.min(1, mergesMax))])
    },
  }
}
