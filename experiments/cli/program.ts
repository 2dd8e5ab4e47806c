/**
 * Owns the way from the command line to a verb: finding the verb, reading its arguments, showing
 * its help. The caller passes the verbs. The code of a verb's work is loaded only when it runs.
 */
import { UsageError, unknownName } from '../base/usage-error.ts'
import { readArguments } from './arguments.ts'
import { refuseFlagsKeptByNpm } from './npm-flags.ts'
import { beQuiet, runCommand, say } from './run-command.ts'
import { hearSignals } from './signals.ts'
import { lastWord, type Operands, type Verb, type VerbGroup, type Verbs } from './verb.ts'

const VERSION_FLAGS = ['--version', '-v', '-V']

const NO_OPERANDS: Operands = { usage: '', least: 0, most: 0, missing: '' }

/** Runs the verb that the process's arguments name, and sets the exit code. */
export async function runProgram(verbs: Verbs): Promise<void> {
  const first = process.argv[2]
  const name = verbs.some((verb) => verb.name === first) ? first! : 'varve'
  await runCommand(name, (argv) => dispatch(verbs, argv))
}

/**
 * Runs what `argv` (without node and script) asks for. `verbs` are those of the program or of
 * `group`. Returns the exit code. Throws `UsageError` for a mistake in `argv`.
 */
export async function dispatch(
  verbs: Verbs,
  argv: readonly string[],
  hear: () => AbortSignal = hearSignals,
  group: VerbGroup | null = null,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h') {
    refuseFlagsKeptByNpm(group?.name ?? '', argv, new Map(), process.env)
    const { listHelp } = await import('./help.ts')
    return say(listHelp(verbs, group))
  }
  if (name === 'help') return dispatch(verbs, [...rest, '--help'], hear, group)
  if (group === null && VERSION_FLAGS.includes(name)) {
    const { describeCode } = await import('../machine/environment.ts')
    return say(describeCode().varveVersion)
  }
  const verb = verbNamed(name, verbs)
  if ('verbs' in verb) return dispatch(verb.verbs, rest, hear, verb)
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

/** The verb of which `name` is the last word. Throws `UsageError` with the nearest. */
function verbNamed(name: string, verbs: Verbs): Verb | VerbGroup {
  const verb = verbs.find((known) => lastWord(known.name) === name)
  if (verb !== undefined) return verb
  const names = verbs.filter((known) => !('isHidden' in known)).map((known) => lastWord(known.name))
  if (name.startsWith('-')) {
    throw new UsageError(`no command before ${name}; known: ${names.join(', ')}`)
  }
  // A verb without its group: 'verify' instead of 'db verify'.
  const within = verbs
    .flatMap((known) => ('verbs' in known ? known.verbs.map((sub) => sub.name) : []))
    .filter((known) => lastWord(known) === name)
  throw unknownName('command', name, within.length > 0 ? within : names)
}

function checkOperands(given: readonly string[], operands: Operands | undefined): void {
  const { least, most = Number.POSITIVE_INFINITY, missing } = operands ?? NO_OPERANDS
  if (given.length < least) throw new UsageError(missing)
  if (given.length > most) throw new UsageError(`unexpected argument "${given[most]}"`)
}
