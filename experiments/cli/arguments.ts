/**
 * Owns the reading of a verb's arguments: operands, flags with a value, switches. The flags are
 * those of the table in `flag-table.ts`. A mistake gives an error of one line, with the nearest
 * flag or name.
 *
 * Invariant: every argument is read or refused. A flag that takes one value may be given only once.
 */
import { Command, Option } from 'commander'
import { countOfNumbers, parseCount } from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { type FlagName, type FlagSpec, type FlagSpecs, flagsOf, type VerbName } from './flags.ts'
import { refuseFlagsKeptByNpm } from './npm-flags.ts'

export interface Arguments {
  readonly verb: VerbName
  readonly operands: readonly string[]
  /** The values of each flag that was given, in order; the value of a switch is ''. */
  readonly flags: ReadonlyMap<FlagName, readonly string[]>
}

/** Reads `argv`, the arguments after the verb. Throws `UsageError`. */
export function readArguments(verb: VerbName, argv: readonly string[]): Arguments {
  const specs = flagsOf(verb)
  refuseFlagsKeptByNpm(verb, argv, specs, process.env)
  const read: [name: FlagName, value: string | null][] = []
  const { operands, unknown } = commandOf(specs, (name, value) =>
    read.push([name, value]),
  ).parseOptions([...argv])
  if (unknown[0] !== undefined) throw unknownFlag(unknown[0], specs)
  const flags = new Map<FlagName, string[]>()
  for (const [name, text] of read) {
    const { value, valueOptional } = specs.get(name)!
    if (value !== null && !valueOptional && !text) {
      throw new UsageError(`--${name} needs a value: --${name}=${value}`)
    }
    flags.set(name, [...(flags.get(name) ?? []), text ?? ''])
  }
  for (const [name, values] of flags) refuseSeveral(name, values, specs.get(name)!)
  return { verb, operands, flags }
}

/** A parser that calls `onFlag` for each flag; the value is null if the flag has none. */
function commandOf(
  specs: FlagSpecs,
  onFlag: (name: FlagName, value: string | null) => void,
): Command {
  const command = new Command().helpOption(false)
  for (const [name, { value }] of specs) {
    const long = name === 'help' ? '-h, --help' : `--${name}`
    command.addOption(new Option(value === null ? long : `${long} [value]`))
    command.on(`option:${name}`, (given: string | null = null) => onFlag(name as FlagName, given))
  }
  return command
}

function unknownFlag(argument: string, specs: FlagSpecs): UsageError {
  const [flag = ''] = argument.split('=')
  if (specs.has(flag.slice(2))) return new UsageError(`${flag} takes no value`)
  const known = Array.from(specs.keys(), (name) => `--${name}`)
  return new UsageError(`${unknownName('flag', flag, known).message} (--help lists all)`)
}

function refuseSeveral(
  name: string,
  values: readonly string[],
  { value, kind, multiple }: FlagSpec,
): void {
  if (value === null || multiple || values.length === 1) return
  const listed = kind === 'list' ? `; commas separate a list: --${name}=${values}` : ''
  throw new UsageError(
    `--${name} is given ${values.length} times (${values.join(' and ')}) and takes one value${listed}`,
  )
}

/** The last value given, or the default of the table. */
export function textOf({ verb, flags }: Arguments, name: FlagName): string | null {
  return flags.get(name)?.at(-1) ?? flagsOf(verb).get(name)!.default
}

/** The names given, or those of the default, split at commas. */
export function namesOf(given: Arguments, name: FlagName): readonly string[] {
  const { default: preset } = flagsOf(given.verb).get(name)!
  const texts = given.flags.get(name) ?? (preset === null ? [] : [preset])
  return texts.flatMap((text) => text.split(','))
}

/**
 * The given value or the default, which must be one of `known`. Throws `UsageError` naming the
 * nearest.
 */
export function choiceOf<Name extends string>(
  given: Arguments,
  name: FlagName,
  known: readonly Name[],
): Name {
  return oneOf(name, textOf(given, name) ?? '', known)
}

/** `text` as one of `known`. `what` names it in the error. Throws `UsageError`. */
export function oneOf<Name extends string>(
  what: string,
  text: string,
  known: readonly Name[],
): Name {
  const found = known.find((name) => name === text)
  if (found === undefined) throw unknownName(what, text, known)
  return found
}

/** NAME=VALUE texts as an object. Throws `UsageError`, which begins with `place`. */
export function readAssignments(
  place: string,
  texts: readonly string[] = [],
): Record<string, string> {
  const values = new Map<string, string>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const name = text.slice(0, Math.max(at, 0)).trim()
    const value = text.slice(at + 1).trim()
    // An object would silently ignore this name.
    if (name === '__proto__') throw new UsageError(`${place}: "__proto__" is not allowed as a name`)
    if (name === '' || value === '') throw new UsageError(`${place}: "${text}" is not NAME=VALUE`)
    if (values.has(name)) {
      throw new UsageError(`${place}: ${name} is given twice, as ${values.get(name)} and ${value}`)
    }
    values.set(name, value)
  }
  return Object.fromEntries(values)
}

/** The flag's value, or its default, as a whole number in its range. Throws `UsageError`. */
export function integerOf(given: Arguments, name: FlagName): number {
  const { range } = flagsOf(given.verb).get(name)!
  return readInteger(name, textOf(given, name)!, range)
}

/** `text` as a whole number within the bounds. Throws `UsageError`. */
export function readInteger(
  flag: string,
  text: string,
  [min, max]: readonly [number, number],
): number {
  const value = parseCount(text)
  const range = `a whole number from ${min} to ${max}`
  if (value === undefined) throw new UsageError(`--${flag}: ${notOne(text, range)}`)
  if (value < min || value > max) throw new UsageError(`--${flag}: "${text}" is not ${range}`)
  return value
}

/** The reason why `text` cannot be read as `what`, such as 'a count such as 2000'. */
export function notOne(text: string, what: string): string {
  const count = countOfNumbers(text)
  return count > 1 ? `takes one value, not ${count}: "${text}"` : `"${text}" is not ${what}`
}
