/**
 * Owns the one way from the command line to a verb: which verb is meant, its arguments, its help. The
 * verbs are handed in; a verb's work is loaded only when it runs.
 */
import { UsageError, unknownName } from '../base/usage-error.ts'
import { readArguments } from './arguments.ts'
import { refuseFlagsKeptByNpm } from './npm-flags.ts'
import { beQuiet, runCommand, say } from './run-command.ts'
import { hearSignals } from './signals.ts'
import type { Operands, Verb, VerbGroup } from './verb.ts'

export type Verbs = readonly (Verb | VerbGroup)[]

const NO_OPERANDS: Operands = { usage: '', least: 0, most: 0, missing: '' }

/** Runs the verb that the process's arguments name, and sets the exit code. */
export async function runProgram(verbs: Verbs): Promise<void> {
  const first = process.argv[2]
  const name = verbs.some((verb) => verb.name === first) ? first! : 'varve'
  await runCommand(name, (argv) => dispatch(verbs, argv))
}

/**
 * Does what `argv` (without node and script) asks for; returns the exit code. Throws `UsageError` for a
 * mistake in it.
 */
export async function dispatch(
  verbs: Verbs,
  argv: readonly string[],
  hear: () => AbortSignal = hearSignals,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || isHelp(name)) {
    refuseFlagsKeptByNpm('varve', argv, new Map(), process.env)
    const { programHelp } = await import('./help.ts')
    return say(programHelp(verbs))
  }
  const verb = verbNamed(name, verbs)
  if ('verbs' in verb) return dispatchWithin(verb, rest, hear)
  return runVerb(verb, rest, hear)
}

async function dispatchWithin(
  group: VerbGroup,
  argv: readonly string[],
  hear: () => AbortSignal,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || isHelp(name)) {
    refuseFlagsKeptByNpm(group.name, argv, new Map(), process.env)
    const { groupHelp } = await import('./help.ts')
    return say(groupHelp(group))
  }
  const verb = verbNamed(name, group.verbs, `${group.name} `)
  return runVerb(verb, rest, hear)
}

async function runVerb(
  verb: Verb,
  argv: readonly string[],
  hear: () => AbortSignal,
): Promise<number> {
  const given = readArguments(verb.name, argv)
  if (given.flags.has('help') || (verb.helpsWhenBare === true && argv.length === 0)) {
    const { verbHelp } = await import('./help.ts')
    return say(await verbHelp(verb))
  }
  if (!given.flags.has('list')) checkOperands(given.operands, verb.operands)
  beQuiet(given.flags.has('quiet'))
  return verb.run(given, hear)
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}

/** Throws `UsageError` naming the nearest. */
function verbNamed<Known extends Verb | VerbGroup>(
  name: string,
  verbs: readonly Known[],
  prefix = '',
): Known {
  const verb = verbs.find((known) => known.name === prefix + name)
  if (verb !== undefined) return verb
  const names = verbs.map((known) => known.name.slice(prefix.length))
  if (name.startsWith('-'))
    throw new UsageError(`no command before ${name}; known: ${names.join(', ')}`)
  // What stands in a group is a command of its own to somebody: 'verify' is meant as 'db verify'.
  const within = verbs
    .flatMap((known) => ('verbs' in known ? known.verbs.map((sub) => sub.name) : []))
    .filter((known) => known.endsWith(` ${name}`))
  throw unknownName('command', name, within.length > 0 ? within : names)
}

function checkOperands(given: readonly string[], operands: Operands | undefined): void {
  const { least, most = Number.POSITIVE_INFINITY, missing } = operands ?? NO_OPERANDS
  if (given.length < least) throw new UsageError(missing)
  if (given.length > most) throw new UsageError(`unexpected argument "${given[most]}"`)
}
