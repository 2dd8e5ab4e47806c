/**
 * Owns the reading of a small command's arguments: operands, flags with a value, switches, and help
 * made of the same list. A typo gets one line with the nearest flag.
 */
import { parseArgs } from 'node:util'
import { UsageError, unknownName } from './usage-error.ts'

export interface ArgumentSpec {
  /** What stands for the value in the help; null: a switch. */
  readonly value: string | null
  readonly help: string
  /** Shown in the help only; the command fills it in. */
  readonly default?: string
}

export interface Arguments<Name extends string> {
  readonly operands: readonly string[]
  /** Of each flag given, its values in order; a switch has the empty one. */
  readonly flags: ReadonlyMap<Name, readonly string[]>
}

/** Throws `UsageError`. */
export function readArguments<Name extends string>(
  argv: readonly string[],
  specs: Readonly<Record<Name, ArgumentSpec>>,
): Arguments<Name> {
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
      throw new UsageError(`${unknownName('flag', token.rawName, known).message} (see --help)`)
    }
    const isSwitch = specs[name].value === null
    if (isSwitch && token.value !== undefined) throw new UsageError(`--${name} takes no value`)
    if (!isSwitch && (!token.value || (!token.inlineValue && token.value.startsWith('--')))) {
      throw new UsageError(`--${name} needs a value (see --help)`)
    }
    flags.set(name, [...(flags.get(name) ?? []), token.value ?? ''])
  }
  return { operands, flags }
}

/** One line a flag, ready for a help text. */
export function flagRows(specs: Readonly<Record<string, ArgumentSpec>>): readonly string[] {
  const rows = Object.entries(specs).map(([name, { value, help, default: preset }]) => {
    const usage = value === null ? `--${name}` : `--${name}=${value}`
    return [usage, preset === undefined ? help : `${help} [${preset}]`] as const
  })
  const width = Math.max(...rows.map(([usage]) => usage.length)) + 2
  return rows.map(([usage, help]) => `  ${usage.padEnd(width)}${help}`)
}

/** NAME=VALUE texts as a record. Throws `UsageError`. */
export function readAssignments(
  flag: string,
  texts: readonly string[] = [],
): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--${flag}: "${text}" is not NAME=VALUE`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** The last value given as a whole number within the bounds, or `preset`. Throws `UsageError`. */
export function readInteger(
  flag: string,
  texts: readonly string[] | undefined,
  preset: number,
  [min, max]: readonly [number, number],
): number {
  const text = texts?.at(-1)
  if (text === undefined) return preset
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`--${flag}: "${text}" is not a whole number from ${min} to ${max}`)
  }
  return value
}
