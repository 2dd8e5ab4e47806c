/**
 * Owns the checks of the values in flags and config files of `exp`. The schema of each flag follows
 * from its kind in the table of flags, so that a flag is described once.
 */
import { z } from 'zod'
import { parseBytes, parseCount } from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { notOne } from './arguments.ts'
import { type FlagSpec, flagsOf } from './flags.ts'

const SPECS = flagsOf('exp')

/** A suite decides its own runs, so only these flags are allowed with it. */
export const SUITE_FLAGS: readonly string[] = [
  ...(['suite', 'scale', 'jobs', 'seed'] as const),
  ...(['out', 'quiet', 'debug'] as const),
]

/** Flags that do not describe runs: those of suites, and those that control the command itself. */
const NOT_OF_RUNS = ['suite', 'scale', 'config', 'list', 'help']
export const RUN_FLAGS: readonly string[] = [...SPECS.keys()].filter(
  (name) => !NOT_OF_RUNS.includes(name),
)

/** A workload's file may give these numbers, so their defaults are applied later. */
const WITHOUT_DEFAULT = ['records', 'operations']

/**
 * The values of `flags`, with names in camel case; null if there is neither a value nor a default.
 * `placeOf` says in errors where a flag was given. Throws `UsageError`.
 */
export function checked<Request>(
  flags: readonly string[],
  given: Readonly<Record<string, unknown>>,
  placeOf: (name: string) => string,
): Request {
  const values = flags.map((name) => {
    const parsed = SCHEMAS.get(name)!.safeParse(given[name])
    if (!parsed.success)
      throw new UsageError(`${placeOf(name)}: ${parsed.error.issues[0]!.message}`)
    return [camelCase(name), parsed.data ?? null]
  })
  return Object.fromEntries(values) as Request
}

function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const assignments = z.record(
  z.string(),
  z.union([scalar, z.array(scalar)], 'expected a text, a number, true, false, null or a list'),
  'expected an object, as {"T": 4}',
)

const SCHEMAS = new Map(Array.from(SPECS, ([name, spec]) => [name, withDefault(name, spec)]))

function withDefault(name: string, spec: FlagSpec): z.ZodType {
  const schema = schemaOf(name, spec)
  if (spec.kind === 'switch') return schema.prefault(false)
  if (spec.kind === 'assignments') return schema.prefault({})
  if (spec.default === null || WITHOUT_DEFAULT.includes(name)) return schema.optional()
  return schema.prefault(spec.default)
}

function schemaOf(name: string, { kind, names, range }: FlagSpec): z.ZodType {
  const known = Array.isArray(names) ? names : null
  switch (kind) {
    case 'switch':
      return z.boolean()
    case 'assignments':
      return assignments
    case 'count':
      return quantity(parseCount, 'a count such as 2000, 100k or 1M', range)
    case 'bytes':
      return quantity(parseBytes, 'a size such as 100, 64KiB or 1MiB', range)
    case 'list':
      return listOf(known === null ? z.string() : nameOf(name, known))
    case 'choice':
      return nameOf(name, known!)
    case 'rate':
      return z.union([z.string().min(1), z.number().transform(String)])
    default:
      return z.string().min(1)
  }
}

function listOf(one: z.ZodType<string, string>): z.ZodType {
  const name = z.string().min(1, 'a name is empty').pipe(one)
  return z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((text) => text.trim()) : value),
    z.array(name, 'expected a name, or a list of names').min(1, 'at least one name'),
  )
}

function nameOf(flag: string, known: readonly string[]): z.ZodType<string, string> {
  return z.string().transform((given, context) => {
    const name = known.find((candidate) => candidate === given)
    if (name !== undefined) return name
    context.addIssue({ code: 'custom', message: unknownName(flag, given, known).message })
    return z.NEVER
  })
}

function quantity(
  parse: (text: string) => number | undefined,
  what: string,
  [min, max]: readonly [number, number],
): z.ZodType {
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
