/** Owns the plan of one run against a peer: the store, its budget, and its stream. */
import type { PeerName } from '../../../results/peer-schema.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import type { Budget } from './budget.ts'
import type { FollowedStrategy } from './db-bench-options.ts'

export interface PeerPlan extends Pick<RunPlan, 'id' | 'config' | 'command' | 'createWorkload'> {
  readonly name: PeerName
  readonly budget: Budget
  /** The strategy whose options `db_bench` gets; null for other peers, which have their own. */
  readonly follows: FollowedStrategy | null
  /**
   * Writes pause after every half memtable until the store has written nothing for so long, so that
   * background work never lags. Left out: no pauses.
   */
  readonly pauseQuietMs?: number
  /** Time between the arrivals of a batch target's operations; left out: all at once. */
  readonly arrivalIntervalNs?: number
  /** Other runs go on in this process, so the bytes that it writes are not only of this run. */
  readonly sharesProcess?: boolean
}

export function isPeerPlan(plan: RunPlan | PeerPlan): plan is PeerPlan {
  return 'budget' in plan
}
