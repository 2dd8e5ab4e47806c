/**
 * Owns what the user asked for: the flags and the config file, merged (flags win) and checked by
 * one schema, since both speak the same vocabulary. Nothing here knows which strategies, workloads
 * or engine options exist; `resolve.ts` looks up the names.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { isLsmError } from '../../engine/base/errors.ts'
import { decodeText } from '../../engine/base/text.ts'
import { PEER_NAMES } from '../../results/peer-schema.ts'
import { SUITE_SCALES, type SuiteScale } from '../../results/suite-schema.ts'
import { parseJson } from '../../workloads/json-text.ts'
import { parseBytes, parseCount } from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { type ArgumentSpec, notOne, readArguments, readAssignments } from './arguments.ts'
import { FLAGS, type FlagName, type FlagSpec, flagDefault } from './flags.ts'
import type { SettingValue } from './settings.ts'

/** Ours, which run strategies; the others are stores with their own. */
export const ENGINE_TARGETS = ['varve', 'simulator'] as const
export type EngineTarget = (typeof ENGINE_TARGETS)[number]

export const TARGET_NAMES = [...ENGINE_TARGETS, ...PEER_NAMES] as const
export type TargetName = (typeof TARGET_NAMES)[number]

export interface Request {
  readonly strategy: readonly string[]
  readonly workload: readonly string[]
  /** A trace to run instead of workloads. */
  readonly trace: string | null
  /** Where to write the run's operations. */
  readonly record: string | null
  /** Null: as many as the workload's file says, or the default. */
  readonly records: number | null
  readonly operations: number | null
  /** A state the run phase goes on to; null: it ends after `operations`. */
  readonly until: 'steady' | null
  /** Null: the workload's own records. */
  readonly valueBytes: number | null
  /** When operations arrive, how fast, and from how many clients: `load/arrival-spec.ts`. */
  readonly arrival: string | null
  readonly rate: string | null
  readonly clients: number
  readonly seed: number
  readonly repeat: number
  readonly param: Readonly<Record<string, SettingValue>>
  readonly set: Readonly<Record<string, SettingValue>>
  readonly target: readonly TargetName[]
  /** Loaded by the simulator without keys; null: the stream of the workload is run. */
  readonly userBytes: number | null
  readonly storage: 'node' | 'memory'
  /** Folder of loaded trees to start from; null: every run loads. */
  readonly aged: string | null
  readonly out: string
  readonly versions: boolean
  readonly keep: boolean
  readonly force: boolean
  readonly quiet: boolean
  readonly debug: boolean
}

export interface SuiteRequest {
  readonly suite: string
  readonly scale: SuiteScale
  readonly seed: number
  readonly out: string
  readonly quiet: boolean
  readonly debug: boolean
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'run'; readonly request: Request }
  | { readonly kind: 'suite'; readonly request: SuiteRequest }

const RECORDS_MAX = 1e9
const CLIENTS_MAX = 1024

const names = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
  z.array(z.string().min(1, 'a name is empty')).min(1, 'at least one name'),
)

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const assignments = z.record(
  z.string(),
  z.union([scalar, z.array(scalar)], 'expected a text, a number, true, false, null or a list'),
  'expected an object, as {"T": 4}',
)

const requestSchema = z.strictObject({
  strategy: names.prefault(flagDefault('strategy')),
  workload: names.prefault(flagDefault('workload')),
  records: count(1, RECORDS_MAX).optional(),
  operations: count(0, 1e12).optional(),
  until: z.enum(['steady'], 'expected steady').optional(),
  trace: z.string().min(1).optional(),
  record: z.string().min(1).optional(),
  'value-bytes': size(1, 2 ** 30).optional(),
  arrival: z.string().min(1).optional(),
  rate: z.union([z.string().min(1), z.number().transform(String)]).optional(),
  clients: count(1, CLIENTS_MAX).prefault(flagDefault('clients')),
  seed: count(0, 2 ** 32 - 1).prefault(flagDefault('seed')),
  repeat: count(1, 1000).prefault(flagDefault('repeat')),
  param: assignments.prefault({}),
  set: assignments.prefault({}),
  target: names.pipe(z.array(targetName())).prefault(flagDefault('target')),
  'user-bytes': size(1, 2 ** 50).optional(),
  storage: z.enum(['node', 'memory']).prefault('node'),
  aged: z.string().min(1).optional(),
  out: z.string().min(1).prefault(flagDefault('out')),
  versions: z.boolean().prefault(false),
  keep: z.boolean().prefault(false),
  force: z.boolean().prefault(false),
  quiet: z.boolean().prefault(false),
  debug: z.boolean().prefault(false),
} satisfies Partial<Record<FlagName, z.ZodType>>)

/** A suite decides its own runs, so nothing that describes one may be given beside it. */
const suiteSchema = z.strictObject({
  suite: z.string().min(1),
  scale: z.enum(SUITE_SCALES).prefault('smoke'),
  ...requestSchema.pick({ seed: true, out: true, quiet: true, debug: true }).shape,
} satisfies Partial<Record<FlagName, z.ZodType>>)

/** The command that `argv` (without node and script) asks for. Throws `UsageError`. */
export function parseCommand(argv: readonly string[]): Command {
  const flags = readFlags(argv)
  if (flags.has('help')) return { kind: 'help' }
  if (flags.has('list')) return { kind: 'list' }
  const [config] = flags.get('config') ?? []
  const file = config === undefined ? {} : readConfig(config)
  const given: Record<string, unknown> = { ...file }
  for (const [name, values] of flags) {
    if (name !== 'config') given[name] = valueOfFlag(name, values, file[name])
  }
  const placeOf = (name: string) =>
    flags.has(name as FlagName) ? `--${name}` : `${config}: ${name}`
  if ('suite' in given) {
    const foreign = Object.keys(given).find((name) => !(name in suiteSchema.shape))
    if (foreign !== undefined) {
      throw new UsageError(`${placeOf(foreign)}: not with --suite, which decides its own runs`)
    }
    return { kind: 'suite', request: checked(suiteSchema, given, placeOf) }
  }
  if ('scale' in given) throw new UsageError(`${placeOf('scale')}: only with --suite`)
  const parsed = checked(requestSchema, given, placeOf)
  const { 'value-bytes': valueBytes = null, 'user-bytes': userBytes = null, ...named } = parsed
  const { records = null, operations = null, trace = null, record = null } = named
  const { arrival = null, rate = null, aged = null, until = null } = named
  const rest = { ...named, records, operations, trace, record, arrival, rate, aged, until }
  if (trace !== null) checkTrace(given, placeOf)
  if (userBytes !== null) checkUserBytes(given, placeOf)
  checkPeers(parsed, given, placeOf)
  if (parsed.keep) checkKeep(parsed, placeOf)
  if (aged !== null) checkAged(rest, placeOf)
  return { kind: 'run', request: { ...rest, valueBytes, userBytes } }
}

/** A trace is the operations themselves: nothing is left to choose. */
function checkTrace(given: Readonly<Record<string, unknown>>, placeOf: (name: string) => string) {
  const decided = ['workload', 'records', 'operations', 'until', 'value-bytes', 'user-bytes']
  const other = decided.find((name) => name in given)
  if (other !== undefined) throw new UsageError(`${placeOf(other)}: not with --trace`)
}

/** Without keys there are no records to count and no operations to run. */
function checkUserBytes(given: Readonly<Record<string, unknown>>, placeOf: (n: string) => string) {
  if (String(given.target) !== 'simulator') {
    throw new UsageError(`${placeOf('user-bytes')}: only with --target=simulator`)
  }
  const other = ['records', 'operations', 'until'].find((name) => name in given)
  if (other !== undefined) {
    throw new UsageError(`${placeOf(other)}: not with --user-bytes, which says how much is loaded`)
  }
}

/** A tree to start from is a folder of our engine's. */
function checkAged(
  { target, storage }: Pick<Request, 'target' | 'storage'>,
  placeOf: (name: string) => string,
): void {
  const other = target.find((name) => name !== 'varve')
  if (other !== undefined) throw new UsageError(`${placeOf('aged')}: not with --target=${other}`)
  if (storage === 'memory') throw new UsageError(`${placeOf('aged')}: not with --storage=memory`)
}

/** What runs in memory alone leaves no folder. */
function checkKeep(
  { target, storage }: Pick<Request, 'target' | 'storage'>,
  placeOf: (name: string) => string,
): void {
  if (storage === 'memory') throw new UsageError(`${placeOf('keep')}: not with --storage=memory`)
  if (target.every((name) => name === 'simulator')) {
    throw new UsageError(`${placeOf('keep')}: not with --target=simulator, which has no files`)
  }
}

/** A store of somebody else's brings its own strategy and its own files. */
function checkPeers(
  { target, storage }: Pick<Request, 'target' | 'storage'>,
  given: Readonly<Record<string, unknown>>,
  placeOf: (name: string) => string,
): void {
  const peer = target.find((name) => !isEngineTarget(name))
  if (peer === undefined) return
  if (storage === 'memory') throw new UsageError(`${placeOf('storage')}: ${peer} needs files`)
  if ('strategy' in given && !target.some(isEngineTarget)) {
    throw new UsageError(`${placeOf('strategy')}: ${peer} has its own`)
  }
  const foreign = ['versions', 'record'].find((name) => name in given)
  if (foreign !== undefined && !target.some(isEngineTarget)) {
    throw new UsageError(`${placeOf(foreign)}: only of runs of our own, not of ${peer}`)
  }
  if ('until' in given) {
    throw new UsageError(
      `${placeOf('until')}: ${peer} keeps no account that tells when it is steady`,
    )
  }
  const paced = ['arrival', 'rate', 'clients'].find((name) => name in given)
  if (paced !== undefined && target.includes('db_bench')) {
    throw new UsageError(`${placeOf(paced)}: db_bench replays a whole trace and times no operation`)
  }
}

export function isEngineTarget(name: TargetName): name is EngineTarget {
  return (ENGINE_TARGETS as readonly string[]).includes(name)
}

function targetName() {
  return z.string().transform((name, context) => {
    const known = TARGET_NAMES.find((candidate) => candidate === name)
    if (known !== undefined) return known
    const { message } = unknownName('target', name, TARGET_NAMES)
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  given: Readonly<Record<string, unknown>>,
  placeOf: (name: string) => string,
): z.output<Schema> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new UsageError(`${placeOf(String(issue.path[0] ?? ''))}: ${issue.message}`)
}

/** The request as a config file that gives it back. */
export function requestToConfig(request: Request): Record<string, unknown> {
  const { valueBytes, userBytes, records, operations, trace, workload, ...others } = request
  const { record: _, arrival, rate, aged, until, ...rest } = others
  return {
    ...rest,
    ...(valueBytes === null ? {} : { 'value-bytes': valueBytes }),
    ...(arrival === null ? {} : { arrival }),
    ...(rate === null ? {} : { rate }),
    ...(aged === null ? {} : { aged }),
    ...(until === null ? {} : { until }),
    ...(trace === null ? { workload } : { trace }),
    ...(records === null ? {} : { records }),
    ...(operations === null ? {} : { operations }),
    ...(userBytes === null ? {} : { 'user-bytes': userBytes }),
  }
}

const FLAG_SPECS: readonly FlagSpec[] = FLAGS

function readFlags(argv: readonly string[]): ReadonlyMap<FlagName, readonly string[]> {
  const specs = Object.fromEntries(
    FLAG_SPECS.map(({ name, value, help, multiple = false }) => [name, { value, help, multiple }]),
  ) as Record<FlagName, ArgumentSpec>
  const { operands, flags } = readArguments('exp', argv, specs)
  if (operands[0] !== undefined) throw new UsageError(`unexpected argument "${operands[0]}"`)
  return flags
}

/** As a config file has it. Assignments add to the file's, name by name; all else replaces. */
function valueOfFlag(name: FlagName, values: readonly string[], fromFile: unknown): unknown {
  const spec = FLAG_SPECS.find((flag) => flag.name === name)!
  if (spec.value === null) return true
  if (spec.multiple !== true) return values[0]
  const base = typeof fromFile === 'object' && !Array.isArray(fromFile) ? fromFile : {}
  return { ...base, ...readAssignments(`--${name}`, values) }
}

function readConfig(path: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = decodeText(readFileSync(path))
  } catch (cause) {
    const why = isLsmError(cause) ? `: ${cause.message}` : ''
    throw new UsageError(`--config: cannot read ${path}${why}`, { cause })
  }
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new UsageError(`--config: ${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`--config: ${path} holds no JSON object`)
  }
  const known = FLAG_SPECS.filter((flag) => flag.commandLineOnly !== true).map(({ name }) => name)
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new UsageError(`${path}: ${unknownName('name', name, known).message}`)
    }
  }
  return value as Record<string, unknown>
}

function count(min: number, max: number) {
  return quantity(parseCount, 'a count such as 2000, 100k or 1M', min, max)
}

function size(min: number, max: number) {
  return quantity(parseBytes, 'a size such as 100, 64KiB or 1MiB', min, max)
}

function quantity(
  parse: (text: string) => number | undefined,
  what: string,
  min: number,
  max: number,
) {
  const error = ({ input }: { readonly input?: unknown }) => notOne(JSON.stringify(input), what)
  return z.union([z.string(), z.number()], { error }).transform((value, context) => {
    const parsed = typeof value === 'number' ? value : parse(value)
    const fail = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    if (parsed === undefined || !Number.isSafeInteger(parsed)) {
      return fail(notOne(String(value), what))
    }
    if (parsed < min || parsed > max) return fail(`${parsed} is outside ${min} … ${max}`)
    return parsed
  })
}
