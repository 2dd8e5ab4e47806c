/**
 * Owns the step from names to plans of peers. A peer gets the plan of our own engine with the
 * strategy that builds a similar tree: the stream is the same, and the peer's budget follows from
 * the engine options and the strategy's parameters. `db_bench` can follow several strategies.
 */
import type { Json } from '../../engine/index.ts'
import type { PeerName } from '../../results/peer-schema.ts'
import { type RunPlan, runId } from '../base/run-plan.ts'
import { budgetOf, PEER_STRATEGY } from '../targets/peers/budget.ts'
import { FOLLOWED_STRATEGIES } from '../targets/peers/db-bench-options.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { isEngineTarget, type Request } from './request.ts'
import { resolvePlans } from './resolve.ts'

/**
 * Workloads × repeats × peers, in this order; `db_bench` once for each requested strategy that it
 * can follow. Throws `UsageError`.
 */
export async function resolvePeerPlans(request: Request): Promise<readonly PeerPlan[]> {
  const peers = request.target.filter((name) => !isEngineTarget(name)) as PeerName[]
  if (peers.length === 0) return []
  const followed = request.strategy.filter((name) => FOLLOWED_STRATEGIES.includes(name))
  const strategiesOf = (peer: PeerName) =>
    peer === 'db_bench' && followed.length > 0 ? followed : [PEER_STRATEGY]
  const strategy = [...new Set(peers.flatMap(strategiesOf))]
  const ours = await resolvePlans({ ...request, target: ['varve'], strategy })
  return ours.flatMap((plan) =>
    peers
      .filter((peer) => strategiesOf(peer).includes(plan.config.strategy.name))
      .map((peer) => peerPlanOf(plan, peer)),
  )
}

function peerPlanOf(plan: RunPlan, peer: PeerName): PeerPlan {
  const { name } = plan.config.strategy
  const params = plan.config.strategy.params as Readonly<Record<string, Json>>
  const follows = peer === 'db_bench' ? { name, params } : null
  const config = {
    ...plan.config,
    strategy: {
      name: peer,
      params: follows === null ? {} : { strategy: name, ...params },
      moduleDigest: null,
      primitives: null,
    },
    target: peer,
  }
  const budget = budgetOf(plan.engineOptions, params)
  return {
    name: peer,
    // The budget, and the strategy in `config`, are the whole configuration of a peer.
    id: runId({ config, storage: JSON.stringify(budget) }),
    config,
    budget,
    follows,
    command: plan.command.flatMap((argument) => {
      if (!argument.startsWith('--strategy=')) return [argument]
      return follows === null ? [`--target=${peer}`] : [`--target=${peer}`, argument]
    }),
    createWorkload: plan.createWorkload,
  }
}
