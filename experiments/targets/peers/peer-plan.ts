/** Owns one run against a peer as decided: the store, its budget, and the stream that it gets. */
import type { PeerName } from '../../../results/peer-schema.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import type { Budget } from './budget.ts'

export interface PeerPlan extends Pick<RunPlan, 'id' | 'config' | 'command' | 'createWorkload'> {
  readonly name: PeerName
  readonly budget: Budget
  /** Writes stop after every half memtable until the store is at rest: background work never lags. */
  readonly paced?: boolean
  /** Of a batch target that is paced: operations arrive so far apart. */
  readonly arrivalIntervalNs?: number
}

export function isPeerPlan(plan: RunPlan | PeerPlan): plan is PeerPlan {
  return 'budget' in plan
}
