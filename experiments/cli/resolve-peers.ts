/**
 * Owns the step from names to plans of peers. A peer gets the plan of our own engine with the
 * strategy that builds a similar tree: the stream is the same, and the peer's budget follows from
 * the engine options and the strategy's parameters.
 */
import type { Json } from '../../engine/index.ts'
import type { PeerName } from '../../results/peer-schema.ts'
import { type RunPlan, runId } from '../base/run-plan.ts'
import { budgetOf, PEER_STRATEGY } from '../targets/peers/budget.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { isEngineTarget, type Request } from './request.ts'
import { resolvePlans } from './resolve.ts'

/** Workloads × repeats × peers, in this order. Throws `UsageError`. */
export async function resolvePeerPlans(request: Request): Promise<readonly PeerPlan[]> {
  const peers = request.target.filter((name) => !isEngineTarget(name)) as PeerName[]
  if (peers.length === 0) return []
  const ours = await resolvePlans({ ...request, target: ['varve'], strategy: [PEER_STRATEGY] })
  return ours.flatMap((plan) => peers.map((name) => peerPlanOf(plan, name)))
}

function peerPlanOf(plan: RunPlan, name: PeerName): PeerPlan {
  const config = {
    ...plan.config,
    strategy: { name, params: {}, moduleDigest: null, primitives: null },
    target: name,
  }
  const budget = budgetOf(plan.engineOptions, plan.config.strategy.params as Record<string, Json>)
  return {
    name,
    // The budget is the whole configuration of a peer.
    id: runId({ config, storage: JSON.stringify(budget) }),
    config,
    budget,
    command: plan.command.map((argument) =>
      argument.startsWith('--strategy=') ? `--target=${name}` : argument,
    ),
    createWorkload: plan.createWorkload,
  }
}
