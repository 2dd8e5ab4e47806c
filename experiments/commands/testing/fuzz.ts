/**
 * Owns the properties that compare the values of a run with the written ones: for any flags and
 * config files, each value is read as written, or refused with a `UsageError`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { isLsmError } from '../../../engine/index.ts'
import { UsageError } from '../../base/usage-error.ts'
import { readArguments, readAssignments, readInteger } from '../../cli/arguments.ts'
import { readArrival } from '../../cli/arrival-flags.ts'
import { type FlagSpec, flagsOf, type VerbName } from '../../cli/flags.ts'
import { parseCommand, type Request } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { VERBS } from '../catalog.ts'
import { questionOf } from '../tune/find-designs.ts'
import { expectWritten, unlessRefused } from './expectations.ts'
import { anyJson, anyText, likelyNumber } from './written.ts'

export { settingsAreAsWritten } from './fuzz-settings.ts'

const parameter = fc.constantFrom(
  'T',
  'T',
  'K',
  'theta',
  'constructor',
  '__proto__',
  'toString',
  '',
)

/** A plausible text for a flag whose help says `value`, or any text. */
function textFor(value: string): fc.Arbitrary<string> {
  if (value === 'NAME=VALUE' || value === 'OPTION=VALUE') {
    return fc.tuple(parameter, anyText).map(([name, text]) => `${name}=${text}`)
  }
  return /COUNT|INTEGER|SIZE|SHARE|NUMBER/.test(value) ? likelyNumber : anyText
}

const UNKNOWN = ['constructor', '__proto__', 'recrods', ''].map(
  (name) => [name, { value: 'X', multiple: false }] as const,
)

/** `--name=text` and `--name text`, switches, and sometimes an unknown flag. */
function anyArguments(verb: VerbName): fc.Arbitrary<readonly string[]> {
  type Typed = readonly [name: string, spec: Pick<FlagSpec, 'value' | 'multiple'>]
  const known: readonly Typed[] = [...flagsOf(verb)].filter(
    ([name]) => name !== 'help' && name !== 'list',
  )
  const repeated = known.filter(([, { multiple }]) => multiple)
  const one = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...known) },
    { weight: repeated.length === 0 ? 0 : 15, arbitrary: fc.constantFrom(...repeated, ...known) },
    { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN) },
  )
  const typed = one.chain(([name, { value }]) =>
    fc.tuple(textFor(value ?? ''), fc.integer({ min: 0, max: 19 })).map(([text, form]) => {
      if (form === 19 || (value === null && form > 0)) return [`--${name}`]
      return form === 18 ? [`--${name}`, text] : [`--${name}=${text}`]
    }),
  )
  return fc.array(typed, { maxLength: 4 }).map((flags) => flags.flat())
}

const VERB_NAMES = VERBS.flatMap((verb) =>
  'verbs' in verb ? verb.verbs.map(({ name }) => name) : [verb.name],
)

/** Every command reads all of its arguments, each of them once. */
export function argumentsAreWhole(runs: number): void {
  const input = fc
    .constantFrom(...VERB_NAMES)
    .chain((name) => fc.tuple(fc.constant(name), anyArguments(name)))
  fc.assert(
    fc.property(input, ([name, argv]) => {
      const specs = flagsOf(name)
      const read = unlessRefused(() => readArguments(name, argv))
      if (read === null) return
      let parts = 0
      for (const [flag, values] of read.flags as ReadonlyMap<string, readonly string[]>) {
        const { value, multiple } = specs.get(flag)!
        if (value !== null && !multiple) expect(values).toHaveLength(1)
        for (const text of values) {
          const joined = argv.includes(value === null ? `--${flag}` : `--${flag}=${text}`)
          const apart = argv.some((one, at) => one === `--${flag}` && argv[at + 1] === text)
          expect(joined || apart).toBe(true)
          parts += value === null || joined ? 1 : 2
        }
      }
      // A lone -- ends the flags and is not one itself.
      expect(parts + read.operands.length + (argv.includes('--') ? 1 : 0)).toBe(argv.length)
    }),
    { numRuns: runs },
  )
}

/** Integers with bounds, as compare, conform and explain take them. */
export function integersAreAsWritten(runs: number): void {
  fc.assert(
    fc.property(anyText, fc.constantFrom(100, 2 ** 32, Number.MAX_SAFE_INTEGER), (text, max) => {
      const read = unlessRefused(() => readInteger('seed', text, [1, max]))
      if (read !== null) expectWritten(read, text, 'count')
    }),
    { numRuns: runs },
  )
}

const COUNTS = { records: 'records', operations: 'operations', seed: 'seed' } as const
const MORE_COUNTS = { clients: 'clients', repeat: 'repeat' } as const
const SIZES = { 'value-bytes': 'valueBytes', 'user-bytes': 'userBytes' } as const
const LISTS = ['strategy', 'workload', 'target'] as const
const TEXTS = ['trace', 'record', 'arrival', 'rate', 'aged', 'out', 'storage'] as const
const SWITCHES = ['versions', 'keep', 'force', 'quiet', 'debug'] as const

const DEFAULTS = requestOf([])!

function requestOf(argv: readonly string[]): Request | null {
  const command = unlessRefused(() => parseCommand(argv))
  return command?.kind === 'run' ? command.request : null
}

/** Expects the request to hold each value of `given`, and defaults for the rest. */
function expectRequest(request: Request, given: ReadonlyMap<string, unknown>): void {
  for (const [flag, field] of Object.entries({ ...COUNTS, ...MORE_COUNTS })) {
    expectQuantity(request[field], given.get(flag), DEFAULTS[field], 'count')
  }
  for (const [flag, field] of Object.entries(SIZES)) {
    expectQuantity(request[field], given.get(flag), DEFAULTS[field], 'bytes')
  }
  for (const flag of LISTS) {
    const value = given.get(flag) ?? DEFAULTS[flag]
    const list = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value
    expect(request[flag]).toEqual(list)
  }
  for (const flag of TEXTS) {
    const value = given.get(flag)
    expect(request[flag]).toBe(value === undefined ? DEFAULTS[flag] : String(value))
  }
  for (const flag of SWITCHES) expect(request[flag]).toBe(given.get(flag) ?? false)
  for (const flag of ['param', 'set'] as const) {
    expect(request[flag]).toEqual(given.get(flag) ?? {})
  }
}

function expectQuantity(
  read: number | null,
  given: unknown,
  preset: number | null,
  unit: 'count' | 'bytes',
): void {
  if (given === undefined) expect(read).toBe(preset)
  else if (typeof given === 'number') expect(read).toBe(given)
  else expectWritten(read!, String(given), unit)
}

/** `npm run exp`: an accepted request equals the typed one. */
export function requestsAreAsTyped(runs: number): void {
  fc.assert(
    fc.property(anyArguments('exp'), (argv) => {
      if (argv.some((text) => text.startsWith('--config'))) return
      const request = requestOf(argv)
      if (request === null) return
      const { flags } = readArguments('exp', argv)
      const given = new Map<string, unknown>()
      for (const [name, values] of flags) {
        const spec = flagsOf('exp').get(name)!
        if (spec.value === null) given.set(name, true)
        else given.set(name, spec.multiple ? assignmentsOf(values) : values[0])
      }
      expectRequest(request, given)
    }),
    { numRuns: runs },
  )
}

function assignmentsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.map((text) => {
    const at = text.indexOf('=')
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()] as const
  })
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length)
  return Object.fromEntries(pairs)
}

/** A config file: an accepted request equals the one in the file. */
export function requestsAreAsInTheFile(runs: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'varve-fuzz-'))
  const path = join(folder, 'config.json')
  const name = fc.oneof(
    fc.constantFrom('param', 'set', 'seed', 'records', 'value-bytes'),
    fc.constantFrom(...flagsOf('exp').keys(), 'constructor', '__proto__', 'sede', ''),
  )
  const settings = fc.array(fc.tuple(parameter, anyJson), { maxLength: 3 })
  const member = name.chain((key) =>
    key === 'param' || key === 'set'
      ? fc.tuple(fc.constant(key), fc.oneof(settings.map(objectText), anyJson.map(jsonText)))
      : fc.tuple(fc.constant(key), fc.oneof(anyJson, likelyNumber).map(jsonText)),
  )
  try {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 4 }), (members) => {
        const text = `{${members.map(([key, value]) => `${JSON.stringify(key)}: ${value}`)}}`
        writeFileSync(path, text)
        const request = requestOf([`--config=${path}`])
        if (request === null) return
        expect(new Set(members.map(([key]) => key)).size).toBe(members.length)
        expectRequest(request, new Map(Object.entries(JSON.parse(text))))
      }),
      { numRuns: runs },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** JSON numbers that people may write but `JSON.stringify` does not: 1e999, -0. */
function jsonText(value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value) ?? 'null'
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? String(value) : '1e999'
}

function objectText(members: readonly (readonly [string, unknown])[]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}: ${jsonText(value)}`)}}`
}

/** `npm run tune`: the question equals the written one; shares sum to 1. */
export function questionsAreAsWritten(runs: number): void {
  fc.assert(
    fc.property(anyArguments('tune'), anyText, (argv, share) => {
      const question = unlessRefused(() => {
        const given = readArguments('tune', [`--reads=${share}`, ...argv])
        return { flags: given.flags, ...questionOf(given) }
      })
      if (question === null) return
      const { flags, workload, environment, rho } = question
      const shares = Object.values(workload)
      expect(shares.every((one) => one >= 0 && one <= 1)).toBe(true)
      expect(shares.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9)
      const texts = {
        records: environment.entries,
        'scan-entries': environment.longScanEntries,
        'entry-bytes': environment.entryBytes,
        memory: environment.memoryBytes,
        'block-bytes': environment.blockBytes,
        rho,
        'write-cost': environment.writeToRead,
      }
      for (const [name, read] of Object.entries(texts)) {
        const text = (flags as ReadonlyMap<string, readonly string[]>).get(name)?.[0]
        if (text === undefined) continue
        const isBytes = name.includes('bytes') || name === 'memory'
        expectWritten(read, text, isBytes ? 'bytes' : /rho|cost/.test(name) ? 'real' : 'count')
      }
    }),
    { numRuns: runs },
  )
}

/** `--arrival` and `--rate`, and the values within them. */
export function arrivalsAreAsWritten(runs: number): void {
  const named = fc
    .tuple(fc.constantFrom('amplitude', 'period', 'shares', 'seconds', 'constructor', ''), anyText)
    .map(([name, text]) => `${name}=${text}`)
  const arrival = fc
    .tuple(
      fc.constantFrom('sine', 'steps', 'poisson', 'trace', 'closed', '__proto__'),
      fc.array(named, { maxLength: 2 }),
    )
    .map(([kind, values]) => [kind, ...values].join(','))
  fc.assert(
    fc.property(fc.option(arrival), fc.option(anyText), (text, rate) => {
      const read = unlessRefused(() => readArrival(text, rate, 1))
      if (read === null || text === null) return
      const [kind, ...values] = text.split(',')
      expect(read).toMatchObject({ kind, rate })
      const given = readAssignments('--arrival', values)
      for (const [name, value] of Object.entries(given)) {
        const one = read.params[name]
        if (typeof one === 'number') expectWritten(one, value, 'real')
        else expect(one).toBe(value)
      }
    }),
    { numRuns: runs },
  )
}

/** The whole way to plans, which is slow: the result is always a plan or a user's mistake. */
export async function plansAreMadeOrRefused(runs: number): Promise<void> {
  const size = fc.constantFrom('--records=10', '--records=100', '--records=2k')
  await fc.assert(
    fc.asyncProperty(anyArguments('exp'), size, async (argv, records) => {
      const request = requestOf([...argv.filter((text) => !text.startsWith('--repeat')), records])
      if (request === null) return
      try {
        const plans = await resolvePlans(request)
        for (const { config } of plans) expect(config).toMatchObject({ seed: request.seed })
      } catch (error) {
        expect(error instanceof UsageError || isLsmError(error, 'LSM_INVALID_ARGUMENT')).toBe(true)
      }
    }),
    { numRuns: runs },
  )
}
