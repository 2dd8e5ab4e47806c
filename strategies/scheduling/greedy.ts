/**
 * Owns greedy scheduling: of all merges, only the one with the fewest remaining input bytes runs; a
 * smaller merge that arrives pauses it (Luo & Carey, PVLDB 13(4), "greedy scheduler"). At
 * each moment this leaves the fewest components in the tree. Flushes run beside the merge with
 * equal shares, as in AsterixDB (`GreedyScheduler`), where they have threads of their own.
 */

import type { SchedulingPolicy } from '../../engine/scheduling/policy.ts'
import { candidates, equalShares, mergesToChooseFrom, smallestLeft } from './shares.ts'

export function greedy(): SchedulingPolicy {
  return {
    name: 'greedy',
    mergesMax: mergesToChooseFrom,
    plan(view) {
      const { flushes, merges, mergesMax } = candidates(view)
      const smallest = mergesMax > 0 ? smallestLeft(merges) : null
      return equalShares(view, smallest === null ? flushes : [...flushes, smallest])
    },
  }
}
