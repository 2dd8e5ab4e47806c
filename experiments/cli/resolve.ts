/**
 * Owns the step from names to things: strategies, workloads and options looked up, parameters given
 * their types and defaults, and every combination turned into a plan. All mistakes surface here,
 * before anything is opened. Runs that share a stream follow one another, so that a comparison is
 * paired in time as well as in seed.
 */
import { readFileSync } from 'node:fs'
import {
  engineOptionsSchema,
  isLsmError,
  type Json,
  parseEngineOptions,
} from '../../engine/index.ts'
import type { RunResult } from '../../results/schema.ts'
import { loadStrategy, STRATEGIES, type StrategyModule } from '../../strategies/index.ts'
import { WORKLOADS, type Workload, type WorkloadDefinition } from '../../workloads/index.ts'
import { digestOf } from '../digest.ts'
import { meanRecord, SAMPLED_RECORDS } from '../load-simulation.ts'
import { type RunPlan, runId } from '../run-plan.ts'
import type { Simulation } from '../simulation.ts'
import { reproducingCommand } from './command.ts'
import { type EngineTarget, isEngineTarget, type Request, type Scalar } from './request.ts'
import { describeSettings, readSettings } from './settings.ts'
import { UsageError, unknownName } from './usage-error.ts'

/** What is loaded without keys. */
const LOAD_WORKLOAD = 'ycsb-load'
/** RocksDB's write_buffer_size: terabytes in buffers of 1 MiB would be a million tables. */
const LOAD_MEMTABLE_BYTES = 64 * 1024 * 1024

/** `exp` flushes about a hundred times in 100,000 records, where the engine's 4 MiB would 25 times. */
export const EXPERIMENT_MEMTABLE_BYTES = 1024 * 1024

/** Workloads × repeats × targets of ours × strategies, in this order. Throws `UsageError`. */
export async function resolvePlans(request: Request): Promise<readonly RunPlan[]> {
  const strategies: ChosenStrategy[] = []
  for (const name of request.strategy) strategies.push(await chooseStrategy(name))
  const workloads = request.workload.map(chooseWorkload)
  refuseOrphanParams(request.param, strategies, workloads)
  const plans: RunPlan[] = []
  for (const workload of workloads) {
    for (let repeat = 0; repeat < request.repeat; repeat++) {
      for (const target of request.target.filter(isEngineTarget)) {
        for (const strategy of strategies) {
          plans.push(usageOf(() => planOf({ ...request, target }, strategy, workload, repeat)))
        }
      }
    }
  }
  return plans
}

interface ChosenStrategy {
  /** As the user named it. */
  readonly given: string
  readonly module: StrategyModule
  readonly moduleDigest: string | null
}

async function chooseStrategy(given: string): Promise<ChosenStrategy> {
  if (!looksLikePath(given) && !STRATEGIES.has(given)) {
    throw unknownName('strategy', given, [...STRATEGIES.keys()])
  }
  try {
    const module = await loadStrategy(given)
    const moduleDigest = looksLikePath(given) ? digestOf([readFileSync(given)]) : null
    return { given, module, moduleDigest }
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new UsageError(line, { cause })
  }
}

function looksLikePath(name: string): boolean {
  return name.includes('/') || /\.[cm]?[jt]s$/.test(name)
}

function chooseWorkload(name: string): WorkloadDefinition {
  const workload = WORKLOADS.get(name)
  if (workload === undefined) throw unknownName('workload', name, [...WORKLOADS.keys()])
  return workload
}

/** Of one target. */
interface PlanRequest extends Omit<Request, 'target'> {
  readonly target: EngineTarget
}

function planOf(
  request: PlanRequest,
  { given, module, moduleDigest }: ChosenStrategy,
  workload: WorkloadDefinition,
  repeat: number,
): RunPlan {
  const { valueBytes, userBytes, seed, target, storage } = request
  const strategyParams = module.parse(declared(module, request.param, given)) as Params
  const workloadGiven = declared(workload, request.param, workload.name)
  const workloadParams = parseWorkloadParams(workload, workloadGiven)
  const engine = parseEngineOptions({
    memtableBytes: userBytes === null ? EXPERIMENT_MEMTABLE_BYTES : LOAD_MEMTABLE_BYTES,
    ...(target === 'simulator' && { compression: 'none' as const }),
    ...readSettings(engineOptionsSchema, request.set, 'engine option'),
  })
  const simulation = simulationOf(request, workload, workloadParams)
  const createWorkload = (size: { readonly records: number; readonly operations: number }) =>
    workload.create(workloadGiven, {
      ...{ ...size, seed, repeat },
      ...(valueBytes === null ? {} : { valueBytes }),
    })
  const { records, operations } = sizeOf(request, createWorkload)
  const { trigger, layout, granularity, movement } = module.primitives
  const config: RunResult['config'] = {
    strategy: {
      name: module.name,
      params: strategyParams,
      primitives: { trigger, layout, granularity, dataMovement: movement },
    },
    workload: {
      name: workload.name,
      params: workloadParams,
      loadOrder: String(workloadParams.insertorder ?? 'declared by none'),
    },
    records,
    operations,
    valueBytes,
    engine,
    seed,
    repeat,
    target: simulation === null ? target : `simulator (${simulation.mode})`,
  }
  return {
    id: runId({ config, storage, moduleDigest }),
    config,
    engineOptions: engine,
    storage,
    simulation,
    command: reproducingCommand(request, given, workload.name, repeat, {
      ...declared(module, request.param, given),
      ...workloadGiven,
    }),
    createStrategy: () => module.create(strategyParams),
    createWorkload: () =>
      createWorkload(simulation?.mode === 'statistical' ? SAMPLE : { records, operations }),
  }
}

/** Of a workload that is only looked at for its records' sizes. */
const SAMPLE = { records: SAMPLED_RECORDS, operations: 0 }

/** A statistical load is of as many records as the bytes come to. */
function sizeOf(
  { records, operations, userBytes }: PlanRequest,
  createWorkload: (size: typeof SAMPLE) => Workload,
): { readonly records: number; readonly operations: number } {
  if (userBytes === null) return { records, operations }
  const { keyBytes, valueBytes } = meanRecord({ createWorkload: () => createWorkload(SAMPLE) })
  return { records: Math.max(1, Math.round(userBytes / (keyBytes + valueBytes))), operations: 0 }
}

function simulationOf(
  { target, userBytes, valueBytes }: PlanRequest,
  { name }: WorkloadDefinition,
  params: Params,
): Simulation | null {
  if (target === 'varve') return null
  if (userBytes !== null) {
    if (name === LOAD_WORKLOAD) return { mode: 'statistical', userBytes }
    throw new UsageError(`--user-bytes: only with --workload=${LOAD_WORKLOAD}, not ${name}`)
  }
  const fieldsVary = params.fieldlengthdistribution !== 'constant' && valueBytes === null
  if (fieldsVary && params.writeallfields !== true && name !== LOAD_WORKLOAD) {
    throw new UsageError(
      `${name}: the simulator keeps no fields, so an update of one needs ` +
        'fieldlengthdistribution=constant, writeallfields=true or --value-bytes',
    )
  }
  return { mode: 'exact' }
}

type Params = Record<string, Json>

interface Parameterised {
  readonly params: StrategyModule['params']
}

/** The given parameters that `owner` declares, as its types. */
function declared(owner: Parameterised, given: Readonly<Record<string, Scalar>>, what: string) {
  const own = Object.entries(given).filter(([name]) => name in owner.params.shape)
  return readSettings(owner.params, Object.fromEntries(own), `${what} parameter`)
}

/** Rules across several parameters are the schema's own; the rest was checked one by one. */
function parseWorkloadParams(workload: WorkloadDefinition, given: Params): Params {
  const parsed = workload.params.safeParse(given)
  if (parsed.success) return parsed.data as Params
  throw new UsageError(`${workload.name}: ${parsed.error.issues[0]!.message}`)
}

function refuseOrphanParams(
  given: Readonly<Record<string, Scalar>>,
  strategies: readonly ChosenStrategy[],
  workloads: readonly WorkloadDefinition[],
): void {
  const owners: Parameterised[] = [...strategies.map(({ module }) => module), ...workloads]
  const names = [...new Set(owners.flatMap((owner) => namesOf(owner)))]
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      const { message } = unknownName('parameter', name, names)
      throw new UsageError(`${message} (declared by none of the chosen strategies and workloads)`)
    }
  }
}

function namesOf(owner: Parameterised): readonly string[] {
  return describeSettings(owner.params).map((setting) => setting.name)
}

/** What a schema refuses is the user's mistake, said in the schema's own line. */
function usageOf<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (isLsmError(error, 'LSM_INVALID_ARGUMENT')) {
      throw new UsageError(error.message, { cause: error })
    }
    throw error
  }
}
