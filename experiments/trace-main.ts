/**
 * Owns the command `npm run trace`: prints a workload's operations in a format others read, so
 * that what was run here can be compared with, or run on, a system of another make. The stream is
 * the reference one: the seed is the generator's own, as in YCSB's thread, not derived from it.
 * Exit codes: 0 done, 1 failure, 2 a mistake in the arguments; errors are one line on stderr.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { isLsmError } from '../engine/base/errors.ts'
import { type TracePhase, WORKLOADS, type Workload, ycsbText } from '../workloads/index.ts'
import { readSettings } from './cli/settings.ts'
import { parseBytes, parseCount } from './cli/units.ts'
import { UsageError, unknownName } from './cli/usage-error.ts'

const FLAGS = {
  workload: { default: 'ycsb-a', help: `NAME: ${[...WORKLOADS.keys()].join(', ')}` },
  records: { default: '1000', help: 'COUNT: records of the load phase' },
  operations: { default: '10000', help: 'COUNT: operations of the run phase' },
  seed: { default: '42', help: 'INTEGER: seed of the random numbers' },
  'value-bytes': { default: '', help: "SIZE: one field of so many bytes, not the workload's own" },
  param: { default: '', help: 'NAME=VALUE: a parameter of the workload; may be repeated' },
  format: { default: 'ycsb', help: "ycsb: the text of YCSB's BasicDB client" },
  phase: { default: 'all', help: 'all, load or run' },
  out: { default: '', help: 'FILE: written whole, then renamed; standard output without it' },
} as const

type FlagName = keyof typeof FLAGS
const FLAG_NAMES = Object.keys(FLAGS) as FlagName[]
const COMMANDS = ['generate']
const FORMATS = ['ycsb']
const PHASES: readonly TracePhase[] = ['all', 'load', 'run']

interface Arguments {
  readonly values: Readonly<Record<FlagName, string>>
  readonly params: readonly string[]
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${helpText()}\n`)
    return
  }
  const { values, params } = readArguments(argv)
  oneOf('format', values.format, FORMATS)
  const phase = oneOf('phase', values.phase, PHASES)
  await write(ycsbText(createWorkload(values, params), phase), values.out)
}

function helpText(): string {
  const width = Math.max(...FLAG_NAMES.map((name) => name.length)) + 4
  const rows = FLAG_NAMES.map((name) => {
    const { default: preset, help } = FLAGS[name]
    return `  ${`--${name}`.padEnd(width)}${help}${preset === '' ? '' : ` [${preset}]`}`
  })
  return [
    "Prints a workload's operations.",
    '',
    '  npm run trace -- generate --workload=ycsb-a --records=1000 --operations=10000 --seed=42',
    '',
    ...rows,
    '',
    'Exit codes: 0 done, 1 failure, 2 a mistake in the arguments.',
  ].join('\n')
}

/** Commands and flags as typed. Throws `UsageError`. */
function readArguments(argv: readonly string[]): Arguments {
  const options = Object.fromEntries(FLAG_NAMES.map((name) => [name, { type: 'string' } as const]))
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  const values: Record<string, string> = {}
  for (const name of FLAG_NAMES) values[name] = FLAGS[name].default
  const params: string[] = []
  const commands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') commands.push(token.value)
    if (token.kind !== 'option') continue
    if (!Object.hasOwn(FLAGS, token.name)) {
      const known = FLAG_NAMES.map((name) => `--${name}`)
      throw new UsageError(`${unknownName('flag', token.rawName, known).message} (see --help)`)
    }
    if (!token.value || token.value.startsWith('--')) {
      throw new UsageError(`--${token.name} needs a value (see --help)`)
    }
    if (token.name === 'param') params.push(token.value)
    else values[token.name] = token.value
  }
  const [command, extra] = commands
  if (command === undefined) throw new UsageError('no command; known: generate')
  oneOf('command', command, COMMANDS)
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`)
  return { values: values as Record<FlagName, string>, params }
}

function createWorkload(values: Arguments['values'], params: Arguments['params']): Workload {
  const definition = WORKLOADS.get(values.workload)
  if (definition === undefined) {
    throw unknownName('workload', values.workload, [...WORKLOADS.keys()])
  }
  const given = readSettings(definition.params, assignments(params), 'workload parameter')
  const context = {
    records: quantity('records', values.records, parseCount),
    operations: quantity('operations', values.operations, parseCount),
    seed: quantity('seed', values.seed, parseCount),
    repeat: 0,
    reference: true,
  }
  const bytes = values['value-bytes']
  return definition.create(
    given,
    bytes === '' ? context : { ...context, valueBytes: quantity('value-bytes', bytes, parseBytes) },
  )
}

function assignments(params: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    params.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--param: "${text}" is not NAME=VALUE`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

function quantity(flag: string, text: string, parse: (text: string) => number | undefined): number {
  const value = parse(text)
  if (value === undefined) throw new UsageError(`--${flag}: "${text}" is not a whole quantity`)
  return value
}

function oneOf<Name extends string>(what: string, given: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === given)
  if (found === undefined) throw unknownName(what, given, known)
  return found
}

/** To standard output, or to a temporary beside `path` that is renamed when complete. */
async function write(chunks: Iterable<Uint8Array>, path: string): Promise<void> {
  if (path === '') {
    await pipeline(Readable.from(chunks), process.stdout, { end: false })
    return
  }
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await pipeline(Readable.from(chunks), createWriteStream(temporary, { flush: true }))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** A reader that has seen enough (`head`) is no failure. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!isClosedPipe(error)) {
    const message = error instanceof Error ? error.message : String(error)
    const badInput = error instanceof UsageError || isLsmError(error, 'LSM_INVALID_ARGUMENT')
    process.stderr.write(`trace: ${message.split('\n')[0]}\n`)
    process.exitCode = badInput ? 2 : 1
  }
}
