/**
 * Owns the arrival of a run's operations: it builds the pacing that a plan asks for. If the plan
 * asks for a share of the sustainable rate, the same run is done first in a closed loop, in a
 * second folder, and its rate is used: the first of Luo & Carey's two phases (PVLDB 13(4)).
 */
import { deriveSeed } from '../../engine/index.ts'
import type { ArrivalConfig, RunResult } from '../../results/schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { asksForShare, pacingOf } from '../load/arrival-spec.ts'
import { sum } from '../measure/figures.ts'
import type { RunLoad } from './runner.ts'

/** Each repeat has a different schedule, because it has different operations. */
export function arrivalsSeed({ seed, repeat }: RunResult['config']): number {
  return deriveSeed(seed, 'arrivals', repeat)
}

/** The fields of a result that give the rate it reached. */
interface Rated {
  readonly deterministic: {
    readonly phases: readonly Pick<
      RunResult['deterministic']['phases'][number],
      'name' | 'operationsByKind'
    >[]
  }
  readonly timed: Pick<RunResult['timed'], 'phases'>
}

type Loaded = Pick<RunPlan, 'id' | 'config'>
type Measure<Plan, Result> = (
  plan: Plan,
  context: ExperimentContext,
  load: RunLoad | null,
) => Promise<Result>

/**
 * Runs `measure` with the load of the plan; null: one client in a closed loop. `quietSeconds` of
 * each drain are waiting, not work.
 */
export async function underLoad<Plan extends Loaded, Result extends Rated>(
  plan: Plan,
  context: ExperimentContext,
  measure: Measure<Plan, Result>,
  quietSeconds = 0,
): Promise<Result> {
  const { arrival } = plan.config
  if (arrival === null) return measure(plan, context, null)
  const share = asksForShare(arrival)
  const sustainablePerSecond = share
    ? sustainableRate(await measureClosed(plan, context, measure), quietSeconds)
    : null
  const load: RunLoad = {
    kind: arrival.kind,
    clients: arrival.clients,
    sustainablePerSecond,
    pacing: pacingOf(arrival, sustainablePerSecond, arrivalsSeed(plan.config)),
  }
  const onProgress: ExperimentContext['onProgress'] = (phase, done, total) =>
    context.onProgress(phase, share ? Math.floor((total + done) / 2) : done, total)
  return measure(plan, { ...context, onProgress }, load)
}

/**
 * The same run in a closed loop, where the next operation is always ready. Beside background work
 * it has the same clients, since these overlap; inline they would only take turns.
 */
function measureClosed<Plan extends Loaded, Result>(
  plan: Plan,
  context: ExperimentContext,
  measure: Measure<Plan, Result>,
): Promise<Result> {
  const clients = plan.config.scheduling === undefined ? 1 : (plan.config.arrival?.clients ?? 1)
  const arrival: ArrivalConfig | null =
    clients === 1 ? null : { kind: 'closed', rate: null, clients, params: {} }
  const load: RunLoad | null = arrival && {
    kind: arrival.kind,
    clients,
    sustainablePerSecond: null,
    pacing: pacingOf(arrival, null, 0),
  }
  const closed = { ...plan, id: `${plan.id}-closed`, config: { ...plan.config, arrival } }
  const onProgress: ExperimentContext['onProgress'] = (phase, done, total) =>
    context.onProgress(`closed loop ${phase}`, Math.floor(done / 2), total)
  return measure(closed, { ...context, keep: false, onEdit: () => {}, onProgress }, load)
}

/**
 * Operations per second. The time of the drain counts, because a rate that only builds up debt is
 * not sustained.
 */
function sustainableRate({ deterministic, timed }: Rated, quietSeconds: number): number {
  const ran = timed.phases.filter(({ name }) => name !== 'load')
  const seconds = sum(ran.map(({ wallSeconds }) => wallSeconds)) - quietSeconds
  const operations = deterministic.phases
    .filter(({ name }) => name === 'run')
    .flatMap(({ operationsByKind }) => Object.values(operationsByKind))
  return sum(operations) / seconds
}
