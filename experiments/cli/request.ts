/**
 * Owns the request of a user of `exp`: flags and config file, which use the same names, merged
 * (flags win) and checked by one schema. This file does not know which strategies, workloads or
 * engine options exist; `resolve.ts` looks up the names.
 */
import type { PeerName } from '../../results/peer-schema.ts'
import type { SuiteScale } from '../../results/suite-schema.ts'
import { UsageError } from '../base/usage-error.ts'
import { FOLLOWED_STRATEGIES } from '../targets/peers/db-bench-options.ts'
import { type Arguments, readArguments, readAssignments } from './arguments.ts'
import { readConfig } from './config-file.ts'
import { type FlagName, flagsOf } from './flags.ts'
import { checked, RUN_FLAGS, SUITE_FLAGS } from './request-schema.ts'
import type { SettingValue } from './settings.ts'

/** Targets that run our strategies. The other targets are stores with their own strategy. */
const ENGINE_TARGETS = ['varve', 'simulator'] as const
export type EngineTarget = (typeof ENGINE_TARGETS)[number]
/** Who runs flushes and compactions; the names of `--scheduling`. */
export type SchedulingName = 'inline' | 'threads' | 'virtual'
export type TargetName = EngineTarget | PeerName

export interface Request {
  readonly strategy: readonly string[]
  readonly workload: readonly string[]
  /** A trace to run instead of workloads. */
  readonly trace: string | null
  /** File for the run's operations. */
  readonly record: string | null
  /** Null: the number in the workload's file, or the default. */
  readonly records: number | null
  readonly operations: number | null
  /** The state at which the run phase ends; null: it ends after `operations`. */
  readonly until: 'steady' | null
  /** Null: the workload's own records. */
  readonly valueBytes: number | null
  /** When operations arrive, how fast, and from how many clients: `load/arrival-spec.ts`. */
  readonly arrival: string | null
  readonly rate: string | null
  readonly clients: number
  /** Runs at once, each in a process of its own; null: the default. */
  readonly jobs: number | null
  readonly seed: number
  readonly repeat: number
  readonly param: Readonly<Record<string, SettingValue>>
  readonly set: Readonly<Record<string, SettingValue>>
  readonly target: readonly TargetName[]
  /** Bytes that the simulator loads without keys; null: the workload's stream is run. */
  readonly userBytes: number | null
  /** Folder of the database from whose tree the simulator starts; null: from an empty tree. */
  readonly from: string | null
  readonly scheduling: SchedulingName
  readonly storage: 'node' | 'memory'
  /** Folder of loaded trees to start from; null: every run does its own load. */
  readonly aged: string | null
  readonly out: string
  readonly versions: boolean
  readonly keep: boolean
  readonly force: boolean
  /** Where metrics are served during the runs: `metrics-server.ts`. */
  readonly metrics: string | null
  readonly quiet: boolean
  readonly debug: boolean
}

export interface SuiteRequest {
  readonly suite: string
  readonly scale: SuiteScale
  /** Runs at once, each in a process of its own; null: the default. */
  readonly jobs: number | null
  readonly seed: number
  readonly out: string
  readonly quiet: boolean
  readonly debug: boolean
}

export type Command =
  | { readonly kind: 'run'; readonly request: Request }
  | { readonly kind: 'suite'; readonly request: SuiteRequest }

/** Values by flag, in the form of a config file. */
type Given = Readonly<Record<string, unknown>>
/** Where the user gave a flag: '--seed', or the file and the name in it. */
type PlaceOf = (name: string) => string

/** The command that the arguments of `exp` ask for. Throws `UsageError`. */
export function parseCommand(argv: readonly string[]): Command {
  return commandOf(readArguments('exp', argv))
}

/** Like `parseCommand`. */
export function commandOf({ operands, flags }: Arguments): Command {
  if (operands[0] !== undefined) throw new UsageError(`unexpected argument "${operands[0]}"`)
  const [config] = flags.get('config') ?? []
  const file = config === undefined ? {} : readConfig(config)
  const given: Record<string, unknown> = { ...file }
  for (const [name, values] of flags) {
    if (name !== 'config') given[name] = valueOfFlag(name, values, file[name])
  }
  const placeOf = (name: string) =>
    flags.has(name as FlagName) ? `--${name}` : `${config}: ${name}`
  if ('suite' in given) {
    const foreign = Object.keys(given).find((name) => !SUITE_FLAGS.includes(name))
    if (foreign !== undefined) {
      throw new UsageError(`${placeOf(foreign)}: not with --suite, which decides its own runs`)
    }
    return { kind: 'suite', request: checked<SuiteRequest>(SUITE_FLAGS, given, placeOf) }
  }
  if ('scale' in given) throw new UsageError(`${placeOf('scale')}: only with --suite`)
  const request = checked<Request>(RUN_FLAGS, given, placeOf)
  refuseContradictions(request, given, placeOf)
  return { kind: 'run', request }
}

/**
 * The value in the form of a config file. Assignments add to those of the file, name by name; all
 * other values replace the file's.
 */
function valueOfFlag(name: FlagName, values: readonly string[], fromFile: unknown): unknown {
  const { kind } = flagsOf('exp').get(name)!
  if (kind === 'switch') return true
  if (kind !== 'assignments') return values[0]
  const base = typeof fromFile === 'object' && !Array.isArray(fromFile) ? fromFile : {}
  return { ...base, ...readAssignments(`--${name}`, values) }
}

/** Refuses flags that are valid but contradict each other. */
function refuseContradictions(request: Request, given: Given, placeOf: PlaceOf): void {
  if (request.trace !== null) checkTrace(given, placeOf)
  if (request.userBytes !== null) checkUserBytes(given, placeOf)
  if (request.from !== null) checkFrom(given, placeOf)
  checkPeers(request, given, placeOf)
  if (request.keep) checkKeep(request, placeOf)
  if (request.aged !== null) checkAged(request, placeOf)
  if (request.jobs !== null && request.jobs > 1) checkJobs(request, given, placeOf)
}

/** A trace fixes the operations, so flags that choose them are refused. */
function checkTrace(given: Given, placeOf: PlaceOf): void {
  const decided = ['workload', 'records', 'operations', 'until', 'value-bytes', 'user-bytes']
  const other = decided.find((name) => name in given)
  if (other !== undefined) throw new UsageError(`${placeOf(other)}: not with --trace`)
}

/** Without keys, the bytes decide the number of records. */
function checkUserBytes(given: Given, placeOf: PlaceOf) {
  if (String(given.target) !== 'simulator') {
    throw new UsageError(`${placeOf('user-bytes')}: only with --target=simulator`)
  }
  const other = ['records', 'until'].find((name) => name in given)
  if (other !== undefined) {
    throw new UsageError(`${placeOf(other)}: not with --user-bytes, which says how much is loaded`)
  }
}

/** The tree decides how much is there. */
function checkFrom(given: Given, placeOf: PlaceOf): void {
  if (String(given.target) !== 'simulator') {
    throw new UsageError(`${placeOf('from')}: only with --target=simulator`)
  }
  const decided = ['records', 'user-bytes', 'value-bytes', 'until', 'trace', 'aged']
  const other = decided.find((name) => name in given)
  if (other !== undefined) throw new UsageError(`${placeOf(other)}: not with --from`)
}

/** Only our engine, on disk, can start from a loaded tree. */
function checkAged(
  { target, storage }: Pick<Request, 'target' | 'storage'>,
  placeOf: PlaceOf,
): void {
  const other = target.find((name) => name !== 'varve')
  if (other !== undefined) throw new UsageError(`${placeOf('aged')}: not with --target=${other}`)
  if (storage === 'memory') throw new UsageError(`${placeOf('aged')}: not with --storage=memory`)
}

/** A run in memory has no folder to keep. */
function checkKeep(
  { target, storage }: Pick<Request, 'target' | 'storage'>,
  placeOf: PlaceOf,
): void {
  if (storage === 'memory') throw new UsageError(`${placeOf('keep')}: not with --storage=memory`)
  if (target.every((name) => name === 'simulator')) {
    throw new UsageError(`${placeOf('keep')}: not with --target=simulator, which has no files`)
  }
}

/** A peer has its own files, and its own strategy, unless it is `db_bench`. */
function checkPeers(
  request: Pick<Request, 'target' | 'storage' | 'strategy' | 'scheduling'>,
  given: Given,
  placeOf: PlaceOf,
): void {
  const { target, storage, strategy, scheduling } = request
  const peer = target.find((name) => !isEngineTarget(name))
  if (peer === undefined) return
  if (storage === 'memory') throw new UsageError(`${placeOf('storage')}: ${peer} needs files`)
  if ('strategy' in given && !target.some(isEngineTarget)) {
    const fixed = target.find((name) => name !== 'db_bench')
    if (fixed !== undefined) throw new UsageError(`${placeOf('strategy')}: ${fixed} has its own`)
    const foreign = strategy.find((name) => !FOLLOWED_STRATEGIES.includes(name))
    if (foreign !== undefined) {
      const known = FOLLOWED_STRATEGIES.join(', ')
      throw new UsageError(
        `${placeOf('strategy')}: db_bench has no options for "${foreign}", only for ${known}`,
      )
    }
  }
  const foreign = ['versions', 'record'].find((name) => name in given)
  if (foreign !== undefined && !target.some(isEngineTarget)) {
    throw new UsageError(`${placeOf(foreign)}: only for runs of our own engine, not of ${peer}`)
  }
  if (scheduling !== 'inline') {
    throw new UsageError(`${placeOf('scheduling')}: ${peer} schedules its own work; take inline`)
  }
  if ('until' in given) {
    throw new UsageError(`${placeOf('until')}: ${peer} does not report when it is steady`)
  }
  const paced = ['arrival', 'rate', 'clients'].find((name) => name in given)
  if (paced !== undefined && target.includes('db_bench')) {
    throw new UsageError(`${placeOf(paced)}: db_bench replays a whole trace and times no operation`)
  }
}

/** Runs at once share the machine, so only those may be whose figures do not depend on time. */
function checkJobs(
  { target, scheduling }: Pick<Request, 'target' | 'scheduling'>,
  given: Given,
  placeOf: PlaceOf,
): void {
  const refusal = (flag: string, why: string) =>
    new UsageError(`${placeOf('jobs')}: not with --${flag}, ${why}`)
  const peer = target.find((name) => !isEngineTarget(name))
  if (peer !== undefined) throw refusal(`target=${peer}`, 'whose background work depends on time')
  if (scheduling === 'threads') throw refusal('scheduling=threads', 'which is for times')
  const paced = ['rate', 'arrival'].find((name) => name in given)
  if (paced !== undefined && scheduling === 'inline') throw refusal(paced, 'which is for times')
  if ('aged' in given) throw refusal('aged', 'whose tree one run makes for the next')
  const single = ['record', 'metrics'].find((name) => name in given)
  if (single !== undefined) throw refusal(single, 'which follows one run at a time')
}

export function isEngineTarget(name: TargetName): name is EngineTarget {
  return (ENGINE_TARGETS as readonly string[]).includes(name)
}
