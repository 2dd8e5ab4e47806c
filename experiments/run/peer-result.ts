/**
 * Owns the result of a run against a peer: it makes the document and its gates from the
 * measurements.
 */
import {
  type PeerResult,
  type PeerResultInput,
  peerResultSchema,
} from '../../results/peer-schema.ts'
import { type Gate, SCHEMA_VERSION } from '../../results/schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import { describeEnvironment } from '../machine/environment.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import { arrivalGates } from '../measure/gates.ts'
import type { PeerPlan } from '../targets/peers/peer-plan.ts'
import { arrivalsSeed } from './under-load.ts'

/** The measurements of either way of running a peer. */
export type PeerMeasurement = Pick<PeerResultInput, 'deterministic' | 'peer'> & {
  readonly timed: Omit<PeerResultInput['timed'], 'peakRssBytes'>
  /** Gates in addition to those of every peer. */
  readonly gates: readonly Gate[]
}

/** Throws a zod error if the result does not fit its schema. */
export function peerResultOf(
  plan: PeerPlan,
  { deterministic, peer, timed, gates }: PeerMeasurement,
  startedAt: Date,
  context: ExperimentContext,
): PeerResult {
  const { config, command } = plan
  return peerResultSchema.parse({
    schemaVersion: SCHEMA_VERSION,
    id: plan.id,
    command,
    config,
    seeds: config.arrival === null ? {} : { arrivals: arrivalsSeed(config) },
    environment: describeEnvironment(context.outFolder, startedAt, context.code),
    deterministic,
    peer,
    timed: { ...timed, peakRssBytes: peakRssBytes() },
    gates: [
      ...gatesOf(peer),
      ...arrivalGates({
        arrivals: timed.arrivals ?? null,
        config,
        command,
        hasRun: deterministic.phases.some(({ name }) => name === 'run') && plan.name !== 'db_bench',
      }),
      ...gates,
    ],
  })
}

function gatesOf({ drain, settings, counters }: PeerResultInput['peer']): Gate[] {
  const unequal = settings.filter(({ equal }) => !equal).map(({ name }) => name)
  return [
    { name: 'drained', passed: drain.converged, why: drain.how },
    {
      name: 'equal-budgets',
      passed: unequal.length === 0,
      why: unequal.length === 0 ? 'all settings equal' : `not equal: ${unequal.join(', ')}`,
    },
    {
      name: 'conservation',
      passed: false,
      why: `no ledger; written bytes are ${counters.processBytes ?? 'not counted'}`,
    },
  ]
}
