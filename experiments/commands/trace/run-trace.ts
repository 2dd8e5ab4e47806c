/**
 * Owns the command line of `npm run trace`: which verb, its flags, the help made of the same lists.
 */

import { Interrupted } from '../../base/interrupted.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import { flagRows, readArguments } from '../../cli/arguments.ts'
import { refuseFlagsKeptByNpm } from '../../cli/npm-flags.ts'
import { VERBS, type Verb } from './verbs.ts'

const COMMON = {
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

/**
 * Does what `argv` (without node and script) asks for. Throws `UsageError` for a mistake in it, and
 * `Interrupted` after a signal.
 */
export async function runTrace(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined) refuseFlagsKeptByNpm('trace', argv, {}, process.env)
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${helpText()}\n`)
    return
  }
  if (name.startsWith('-')) throw new UsageError(`no command before ${name}; known: ${known()}`)
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (verb === undefined) throw unknownName('command', name, Object.keys(VERBS))
  const given = readArguments<string>(`trace ${name}`, rest, { ...verb.flags, ...COMMON })
  if (given.flags.has('help')) process.stdout.write(`${verbText(name, verb)}\n`)
  else await untilAborted(signal, () => verb.run(given, signal))
}

/** Streams have an error of their own for it. */
async function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error
  }
}

const known = () => Object.keys(VERBS).join(', ')

function helpText(): string {
  const verbs = Object.entries(VERBS).map(([name, verb]) => verbText(name, verb))
  return [
    'Generates, records, imports, exports and describes traces of operations.',
    ...verbs,
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments or in the files given,\n128 + n ended by signal n.',
  ].join('\n\n')
}

function verbText(name: string, { summary, example, flags }: Verb): string {
  return [`${name}: ${summary}`, `  npm run trace -- ${example}`, ...flagRows(flags)].join('\n')
}
