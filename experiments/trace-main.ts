/**
 * Owns the command `npm run trace`: operation streams as files. What a workload yields can be
 * compared with, and run on, systems of another make; what others recorded can be run here. Exit
 * codes: 0 done, 1 a failure, 2 a mistake in the arguments or a file that is not what it should be;
 * errors are one line on stderr.
 */
import { isLsmError } from '../engine/index.ts'
import { flagRows, readArguments } from './cli/arguments.ts'
import { EXIT, explain } from './cli/explain.ts'
import { UsageError, unknownName } from './cli/usage-error.ts'
import { VERBS, type Verb } from './trace/verbs.ts'

const COMMON = {
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${helpText()}\n`)
    return
  }
  if (name.startsWith('-')) throw new UsageError(`no command before ${name}; known: ${known()}`)
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (verb === undefined) throw unknownName('command', name, Object.keys(VERBS))
  const given = readArguments<string>(rest, { ...verb.flags, ...COMMON })
  if (given.flags.has('help')) process.stdout.write(`${verbText(name, verb)}\n`)
  else await verb.run(given)
}

const known = () => Object.keys(VERBS).join(', ')

function helpText(): string {
  const verbs = Object.entries(VERBS).map(([name, verb]) => verbText(name, verb))
  return [
    'Generates, records, imports, exports and describes traces of operations.',
    ...verbs,
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments or in the files given.',
  ].join('\n\n')
}

function verbText(name: string, { summary, example, flags }: Verb): string {
  return [`${name}: ${summary}`, `  npm run trace -- ${example}`, ...flagRows(flags)].join('\n')
}

/** A reader that has seen enough (`head`) is no failure. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!isClosedPipe(error)) {
    const { line, code } = explain(error)
    process.stderr.write(`trace: ${line}\n`)
    const debug = process.argv.includes('--debug')
    if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    process.exitCode = isLsmError(error, 'LSM_INVALID_ARGUMENT') ? EXIT.usage : code
  }
}
