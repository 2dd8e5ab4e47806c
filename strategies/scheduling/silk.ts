/**
 * Owns SILK's scheduling (Balmau et al., ATC '19): flushes before merges out of level 0 before
 * all other merges. A more urgent class pauses the others and has the whole bandwidth of the jobs,
 * which is what clients leave of the budget. While clients use most of the budget, merges of deeper
 * levels stop and catch up later.
 *
 * The two constants are those of the authors' code (SILK-USENIXATC2019, `db_bench_tool.cc`): load
 * peaks from 0.75 of the budget, and 10 MB/s of 200 MB/s are never taken from the jobs.
 */

import type { SchedulingPolicy, SchedulingView } from '../../engine/scheduling/policy.ts'
import { candidates, equalShares, mergesToChooseFrom } from './shares.ts'

/** From this share of the budget on, the clients' load is a peak. */
const PEAK_SHARE = 0.75
/** The jobs keep this share of the budget, however much clients use. */
const JOBS_SHARE_MIN = 0.05

export function silk(): SchedulingPolicy {
  return {
    name: 'silk',
    mergesMax: mergesToChooseFrom,
    plan(view) {
      const { flushes, merges, mergesMax } = candidates(view)
      const left = leftByClients(view)
      if (flushes.length > 0) return equalShares(view, flushes, left)
      const outOfLevel0 = merges.filter((job) => job.fromLevel === 0)
      if (outOfLevel0.length > 0) return equalShares(view, outOfLevel0.slice(0, mergesMax), left)
      if (!isPeak(view)) return equalShares(view, merges.slice(0, mergesMax), left)
      // SILK stops these at a peak. Here one creeps on, because a call that blocks until it has
      // ended could otherwise wait forever.
      return equalShares(view, merges.slice(0, 1), least(view))
    },
  }
}

function isPeak({ budgetBytesPerSecond, clientBytesPerSecond }: SchedulingView): boolean {
  return budgetBytesPerSecond !== null && clientBytesPerSecond > budgetBytesPerSecond * PEAK_SHARE
}

function leftByClients(view: SchedulingView): number | null {
  const { budgetBytesPerSecond, clientBytesPerSecond } = view
  if (budgetBytesPerSecond === null) return null
  return Math.max(budgetBytesPerSecond - clientBytesPerSecond, least(view)!)
}

function least({ budgetBytesPerSecond }: SchedulingView): number | null {
  return budgetBytesPerSecond === null ? null : budgetBytesPerSecond * JOBS_SHARE_MIN
}
