/**
 * Owns the reading of a command's arguments: operands, flags with a value, switches, and help made
 * of the same list. A typo gets one line with the nearest flag.
 *
 * Invariant: every argument is read or refused. A flag that takes one value is given once.
 */
import { parseArgs } from 'node:util'
import { countOfNumbers, parseCount } from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { refuseFlagsKeptByNpm } from './npm-flags.ts'

export interface ArgumentSpec {
  /** What stands for the value in the help; null: a switch. */
  readonly value: string | null
  readonly help: string
  /** Shown in the help only; the command fills it in. */
  readonly default?: string
  /** May be given several times. */
  readonly multiple?: boolean
}

export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>

export interface Arguments<Name extends string> {
  readonly operands: readonly string[]
  /** Of each flag given, its values in order; a switch has the empty one. */
  readonly flags: ReadonlyMap<Name, readonly string[]>
}

/**
 * `command`: the npm script, and the arguments that were read before `argv`, as in 'trace stats'.
 * Throws `UsageError`.
 */
export function readArguments<Name extends string>(
  command: string,
  argv: readonly string[],
  specs: Readonly<Record<Name, ArgumentSpec>>,
): Arguments<Name> {
  refuseFlagsKeptByNpm(command, argv, specs, process.env)
  const names = Object.keys(specs) as Name[]
  const options = Object.fromEntries(
    names.map((name) => {
      const type = specs[name].value === null ? ('boolean' as const) : ('string' as const)
      return [name, { type, multiple: true }]
    }),
  )
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  const operands: string[] = []
  const flags = new Map<Name, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const name = names.find((known) => known === token.name)
    if (name === undefined) {
      const known = names.map((flag) => `--${flag}`)
      throw new UsageError(
        `${unknownName('flag', token.rawName, known).message} (--help lists all)`,
      )
    }
    const { value } = specs[name]
    if (value === null && token.value !== undefined) {
      throw new UsageError(`--${name} takes no value`)
    }
    const isFlag = token.inlineValue !== true && token.value?.startsWith('--')
    if (value !== null && (!token.value || isFlag)) {
      throw new UsageError(`--${name} needs a value: --${name}=${value}`)
    }
    flags.set(name, [...(flags.get(name) ?? []), token.value ?? ''])
  }
  for (const [name, values] of flags) refuseSeveral(name, values, specs[name])
  return { operands, flags }
}

function refuseSeveral(
  name: string,
  values: readonly string[],
  { value, multiple = false }: ArgumentSpec,
): void {
  if (value === null || multiple || values.length === 1) return
  const listed = value.endsWith(',…') ? `; commas separate a list: --${name}=${values}` : ''
  throw new UsageError(
    `--${name} is given ${values.length} times (${values.join(' and ')}) and takes one value${listed}`,
  )
}

/** One line a flag, ready for a help text. */
export function flagRows(specs: ArgumentSpecs): readonly string[] {
  const rows = Object.entries(specs).map(([name, { value, help, default: preset }]) => {
    const usage = value === null ? `--${name}` : `--${name}=${value}`
    return [usage, preset === undefined ? help : `${help} [${preset}]`] as const
  })
  const width = Math.max(...rows.map(([usage]) => usage.length)) + 2
  return rows.map(([usage, help]) => `  ${usage.padEnd(width)}${help}`)
}

/** NAME=VALUE texts by name; a name stands once. `place` begins an error. Throws `UsageError`. */
export function readAssignments(
  place: string,
  texts: readonly string[] = [],
): Record<string, string> {
  const values = new Map<string, string>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const name = text.slice(0, Math.max(at, 0)).trim()
    const value = text.slice(at + 1).trim()
    // As a name of an object it would be lost on the way.
    if (name === '__proto__') throw new UsageError(`${place}: "__proto__" is no name`)
    if (name === '' || value === '') throw new UsageError(`${place}: "${text}" is not NAME=VALUE`)
    if (values.has(name)) {
      throw new UsageError(`${place}: ${name} is given twice, as ${values.get(name)} and ${value}`)
    }
    values.set(name, value)
  }
  return Object.fromEntries(values)
}

/** The value given as a whole number within the bounds, or `preset`. Throws `UsageError`. */
export function readInteger(
  flag: string,
  texts: readonly string[] | undefined,
  preset: number,
  [min, max]: readonly [number, number],
): number {
  const text = texts?.[0]
  if (text === undefined) return preset
  const value = parseCount(text)
  const range = `a whole number from ${min} to ${max}`
  if (value === undefined) throw new UsageError(`--${flag}: ${notOne(text, range)}`)
  if (value < min || value > max) throw new UsageError(`--${flag}: "${text}" is not ${range}`)
  return value
}

/** Why `text`, which could not be read, is not `what`: 'a count such as 2000'. */
export function notOne(text: string, what: string): string {
  const count = countOfNumbers(text)
  return count > 1 ? `takes one value, not ${count}: "${text}"` : `"${text}" is not ${what}`
}
