/**
 * Owns the step from names to plans: it looks up strategies, workloads and options, gives
 * parameters their types and defaults, and makes a plan of every combination. All mistakes of the
 * user are found here, before anything is opened. Runs that share a stream follow one another, so
 * that a comparison is paired in time as well as in seed.
 */
import {
  type EngineOptions,
  engineOptionsSchema,
  type Json,
  parseEngineOptions,
} from '../../engine/index.ts'
import type { ArrivalConfig, RunResult } from '../../results/schema.ts'
import type { Workload, WorkloadDefinition, WriteShape } from '../../workloads/index.ts'
import { type RunPlan, runId, type Simulation } from '../base/run-plan.ts'
import { parseCount } from '../base/units.ts'
import { UsageError, usageOf } from '../base/usage-error.ts'
import { asksForShare } from '../load/arrival-spec.ts'
import { achievedCompression } from '../measure/value-compression.ts'
import { meanRecord, SAMPLED_RECORDS } from '../run/mean-record.ts'
import { plannedWrites } from '../run/planned-writes.ts'
import {
  describeSource,
  nothingWritten,
  readTreeSource,
  type TreeSource,
} from '../run/tree-source.ts'
import { readArrival } from './arrival-flags.ts'
import { checkValueLog } from './check-value-log.ts'
import { chooseScheduling, splitSettings } from './choose-scheduling.ts'
import {
  type ChosenStrategy,
  chooseStrategy,
  declared,
  refuseOrphanParams,
} from './choose-strategy.ts'
import { type ChosenWorkload, chooseTrace, chooseWorkload } from './choose-workload.ts'
import { reproducingCommand } from './command.ts'
import { flagsOf } from './flags.ts'
import { type EngineTarget, isEngineTarget, type Request } from './request.ts'
import { readSettings } from './settings.ts'

/** The workload without a run phase. */
const LOAD_WORKLOAD = 'ycsb-load'
/** RocksDB's write_buffer_size. With buffers of 1 MiB, terabytes would make a million tables. */
const LOAD_MEMTABLE_BYTES = 64 * 1024 * 1024

/**
 * With this size `exp` flushes about a hundred times in 100,000 records; with the engine's 4 MiB,
 * 25 times.
 */
export const EXPERIMENT_MEMTABLE_BYTES = 1024 * 1024

/** The plans in this order: workloads × repeats × our targets × strategies. Throws `UsageError`. */
export async function resolvePlans(request: Request): Promise<readonly RunPlan[]> {
  const strategies: ChosenStrategy[] = []
  for (const name of request.strategy) strategies.push(await chooseStrategy(name))
  const { trace } = request
  const workloads = trace === null ? request.workload.map(chooseWorkload) : [chooseTrace(trace)]
  const definitions = workloads.map(({ definition }) => definition)
  refuseOrphanParams(request.param, strategies, definitions)
  const source = request.from === null ? null : readTreeSource(request.from)
  const plans: RunPlan[] = []
  for (const workload of workloads) {
    for (let repeat = 0; repeat < request.repeat; repeat++) {
      for (const target of request.target.filter(isEngineTarget)) {
        for (const strategy of strategies) {
          plans.push(
            usageOf(() => planOf({ ...request, target }, strategy, workload, repeat, source)),
          )
        }
      }
    }
  }
  return plans
}

/** A request for one target. */
interface PlanRequest extends Omit<Request, 'target'> {
  readonly target: EngineTarget
}

function planOf(
  request: PlanRequest,
  { given, module, moduleDigest }: ChosenStrategy,
  { given: workloadName, definition: workload }: ChosenWorkload,
  repeat: number,
  source: TreeSource | null,
): RunPlan {
  const { valueBytes, userBytes, seed, target, storage } = request
  const strategyParams = module.parse(declared(module, request.param, given)) as Params
  const workloadGiven = declared(workload, request.param, workload.name)
  const workloadParams = workload.parse(workloadGiven) as Params
  const { engine: settings } = splitSettings(request.set)
  const engine = parseEngineOptions({
    memtableBytes: memtableBytesOf(userBytes, source),
    ...(target === 'simulator' && { compression: 'none' as const }),
    ...readSettings(engineOptionsSchema, settings, 'engine option', '--set'),
  })
  checkValueLog(engine, target)
  checkEncryption(engine, request)
  checkDirectReads(engine, request)
  const scheduling = chooseScheduling(request, engine)
  const valueSize = valueBytes === null ? {} : { valueBytes }
  const createWorkload = (size: { readonly records: number; readonly operations: number }) =>
    workload.create(workloadGiven, {
      ...size,
      seed,
      repeat,
      ...valueSize,
    })
  const { records, operations } =
    source === null
      ? sizeOf(request, workload, createWorkload)
      : { records: source.tree.version.totals.entries, operations: request.operations ?? 0 }
  const writesOf = () =>
    source !== null && operations === 0
      ? nothingWritten(records)
      : writesFor(workload, workloadGiven, { records, operations, ...valueSize }, source !== null)
  const simulation = simulationOf(request, workload, workloadParams, source, writesOf)
  const until = untilOf(request, { records, operations })
  const { trigger, layout, granularity, movement } = module.primitives
  const config: RunResult['config'] = {
    strategy: {
      name: module.name,
      params: strategyParams,
      moduleDigest,
      primitives: { trigger, layout, granularity, dataMovement: movement },
    },
    workload: {
      name: workload.name,
      params: workloadParams,
      loadOrder: workload.loadOrder(workloadGiven),
    },
    records,
    operations,
    valueBytes,
    engine,
    seed,
    repeat,
    target: simulation === null ? target : `simulator (${simulation.mode})`,
    arrival: arrivalOf(request, operations),
    aged: source === null ? null : { tree: source.hash },
    until,
    ...(scheduling !== null && { scheduling }),
  }
  checkOverlap(config)
  // All strategies get the same stream, even if some of them are steady early.
  const size = { records, operations: until?.operationsMax ?? operations }
  const isSampled = simulation?.mode === 'statistical'
  const streams = () => createWorkload(isSampled ? sampleOf(operations) : size)
  checkPhases(workload.name, config, streams)
  const id = runId({ config, storage })
  return {
    id: source === null ? id : id.replace(/-r\d+$/, `-from-${source.hash.slice(0, 8)}$&`),
    config: withCompression(config, workload, workloadGiven, streams),
    engineOptions: engine,
    storage,
    simulation,
    command: reproducingCommand({ ...request, records, operations }, given, workloadName, repeat, {
      ...declared(module, request.param, given),
      ...workloadGiven,
    }),
    notes: [...notesOf(workloadName, workload), ...(source === null ? [] : describeSource(source))],
    createStrategy: () => module.create(strategyParams),
    createWorkload: streams,
  }
}

/**
 * Limit of the operations of a run phase with `--until`: this factor times the requested
 * operations, or times the records if there are more of them.
 */
const UNTIL_FACTOR = 50

function untilOf(
  { until }: PlanRequest,
  { records, operations }: { readonly records: number; readonly operations: number },
): RunResult['config']['until'] {
  if (until === null) return null
  if (operations === 0) throw new UsageError('--until: without operations nothing settles')
  return { state: until, operationsMax: UNTIL_FACTOR * Math.max(records, operations) }
}

/** With several operations under way, none of them is the last requested one. */
function checkOverlap({ scheduling, arrival, until }: RunResult['config']): void {
  if (scheduling === undefined || until === null || (arrival?.clients ?? 1) === 1) return
  throw new UsageError(`--until: not with --clients under --scheduling=${scheduling.executor}`)
}

/** `--until` needs exactly one run phase, a share of the sustainable rate at least one. */
function checkPhases(
  name: string,
  { until, arrival }: RunResult['config'],
  streams: () => Workload,
): void {
  if (until === null && !asksForShare(arrival)) return
  const { length } = streams().phases
  if (length === 0) {
    const flag = until === null ? '--rate' : '--until'
    throw new UsageError(`${flag}: ${name} has only a load; name a workload with a run phase`)
  }
  if (until !== null && length > 1) {
    throw new UsageError(`--until: ${name} has ${length} run phases; it takes one`)
  }
}

function checkEncryption({ encryption }: EngineOptions, { target, aged }: PlanRequest): void {
  if (encryption === undefined) return
  if (target === 'simulator') {
    throw new UsageError('--set=encryption: not with --target=simulator, which writes no files')
  }
  if (aged) throw new UsageError('--set=encryption: not with --aged, whose trees are not encrypted')
}

function checkDirectReads({ directReads }: EngineOptions, { target, storage }: PlanRequest): void {
  if (directReads !== true) return
  if (target === 'simulator') {
    throw new UsageError('--set=directReads: not with --target=simulator, which reads no files')
  }
  if (storage === 'memory') {
    throw new UsageError('--set=directReads: not with --storage=memory, which has no page cache')
  }
}

/** A simulated run has no time except logical time, so it cannot be paced. */
function arrivalOf(
  { arrival, rate, clients, target, scheduling }: PlanRequest,
  operations: number,
): ArrivalConfig | null {
  const config = readArrival(arrival, rate, clients)
  if (config !== null && target === 'simulator' && scheduling === 'inline') {
    const flag = rate !== null ? 'rate' : arrival !== null ? 'arrival' : 'clients'
    throw new UsageError(
      `--${flag}: the simulator takes no time; with --scheduling=virtual it takes logical time`,
    )
  }
  if (asksForShare(config) && operations === 0) {
    throw new UsageError('--rate: without operations there is no rate to take a share of')
  }
  return config
}

/**
 * Added after hashing, so that the compressor's version does not change the identity. A trace holds
 * no values that could be compressed.
 */
function withCompression(
  config: RunResult['config'],
  { family, compressionTarget }: WorkloadDefinition,
  given: Params,
  streams: () => Workload,
): RunResult['config'] {
  if (family === 'trace') return config
  const valueCompression = {
    targetRatio: compressionTarget(given),
    achievedRatio: achievedCompression(streams()),
  }
  return { ...config, workload: { ...config.workload, valueCompression } }
}

function notesOf(given: string, { withoutEffect = [] }: WorkloadDefinition): readonly string[] {
  if (withoutEffect.length === 0) return []
  return [`${given}: without effect on the operations: ${withoutEffect.join(', ')}`]
}

type Size = Pick<RunResult['config'], 'records' | 'operations'>

/** Size of a workload that is used only to sample record sizes. */
function sampleOf(operations: number): Size {
  return { records: SAMPLED_RECORDS, operations: Math.min(operations, SAMPLED_RECORDS) }
}

/**
 * A statistical load has as many records as fit into the requested bytes, and is followed by as
 * many operations unless told otherwise.
 */
function sizeOf(
  request: PlanRequest,
  { size, name }: WorkloadDefinition,
  createWorkload: (size: Size) => Workload,
): { readonly records: number; readonly operations: number } {
  const { userBytes } = request
  if (userBytes === null) {
    return {
      records: request.records ?? size?.records ?? defaultCount('records'),
      operations: request.operations ?? size?.operations ?? defaultCount('operations'),
    }
  }
  const { keyBytes, valueBytes } = meanRecord(createWorkload(sampleOf(SAMPLED_RECORDS)))
  if (keyBytes + valueBytes === 0) throw new UsageError(`--user-bytes: ${name} writes nothing`)
  const records = Math.max(1, Math.round(userBytes / (keyBytes + valueBytes)))
  if (name === LOAD_WORKLOAD) return { records, operations: 0 }
  return { records, operations: request.operations ?? records }
}

function defaultCount(flag: 'records' | 'operations'): number {
  return parseCount(flagsOf('exp').get(flag)!.default!)!
}

function simulationOf(
  { target, userBytes, valueBytes }: PlanRequest,
  { name }: WorkloadDefinition,
  params: Params,
  source: TreeSource | null,
  writesOf: () => WriteShape,
): Simulation | null {
  if (target === 'varve') return null
  const lengths = params.fieldlengthdistribution ?? 'constant'
  const fieldsVary = lengths !== 'constant' && valueBytes === null
  if (fieldsVary && params.writeallfields !== true && name !== LOAD_WORKLOAD) {
    throw new UsageError(
      `${name}: the simulator keeps no fields, so an update of one needs ` +
        'fieldlengthdistribution=constant, writeallfields=true or --value-bytes',
    )
  }
  if (userBytes === null && source === null) return { mode: 'exact' }
  const found = source === null ? null : { version: source.tree.version, record: source.record }
  return { mode: 'statistical', writes: writesOf(), found }
}

/** RocksDB's size for large loads; a folder's own size for its tree. */
function memtableBytesOf(userBytes: number | null, source: TreeSource | null): number {
  if (source !== null) return source.tree.memtableBytes ?? LOAD_MEMTABLE_BYTES
  return userBytes === null ? EXPERIMENT_MEMTABLE_BYTES : LOAD_MEMTABLE_BYTES
}

/** The writes in expected numbers. Throws if they cannot be simulated without keys. */
function writesFor(
  { name, writes }: WorkloadDefinition,
  given: Params,
  size: Size & { readonly valueBytes?: number },
  isFound: boolean,
): WriteShape {
  if (writes === undefined) throw new UsageError(`--user-bytes: not with the trace ${name}`)
  const shape = writes(given, size)
  if (isFound && (shape.load === null || shape.phases.length === 0)) {
    throw new UsageError(`--from: ${name} only fills a store; name a workload with a run phase`)
  }
  if (isFound && shape.insertOrder === 'ordered') {
    throw new UsageError(`--from: ${name} takes keys in order; a found tree's are spread`)
  }
  plannedWrites(name, shape)
  return shape
}

type Params = Record<string, Json>
