/**
 * Owns what `npm run trace` does, a verb each: its flags, its help, its work. A mistake in the
 * arguments is a `UsageError` before anything is written.
 */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from '../../../engine/index.ts'
import {
  IMPORT_FORMATS,
  type ImportFormatName,
  ImportReport,
  importFiles,
  Operation,
  openTrace,
  pumpUntil,
  type TraceCompression,
  type TracePhase,
  TraceWriter,
  traceWorkload,
  type WorkloadDefinition,
} from '../../../workloads/index.ts'
import { checkOutFile } from '../../base/check-out.ts'
import { formatBytes, parseBytes, parseCount } from '../../base/units.ts'
import { UsageError, unknownName, usageOf } from '../../base/usage-error.ts'
import { type ArgumentSpec, type Arguments, notOne, readAssignments } from '../../cli/arguments.ts'
import { chooseWorkload } from '../../cli/choose-workload.ts'
import { readSettings } from '../../cli/settings.ts'
import { OUTPUT_FORMATS, type OutputFormat, writeOperations } from '../../trace/trace-output.ts'
import { StatisticsSink, type TraceStatistics } from '../../trace/trace-statistics.ts'
import { statisticsText } from './statistics-table.ts'

export interface Verb {
  readonly summary: string
  readonly example: string
  readonly flags: Readonly<Record<string, ArgumentSpec>>
  /** Rejects when `signal` aborts, and leaves no part of a file. */
  run(given: Given, signal: AbortSignal): Promise<void>
}

type Given = Arguments<string>
const PHASES: readonly TracePhase[] = ['all', 'load', 'run']
const COMPRESSIONS: readonly TraceCompression[] = ['zstd', 'none']
const NATIVE = 'native'
const INPUT_FORMATS = [NATIVE, ...Object.keys(IMPORT_FORMATS)]
const outputNames = Object.keys(OUTPUT_FORMATS) as OutputFormat[]

const OUT = { value: 'FILE', help: 'written whole, then renamed; standard output without it' }
const OUT_NEEDED = { value: 'FILE', help: 'the trace: written whole, then renamed' }
const COMPRESSION = { value: 'zstd|none', help: 'of a native trace', default: 'zstd' }
const PHASE = { value: 'all|load|run', help: 'which phases', default: 'all' }
const ERRORS_MAX = {
  value: 'COUNT',
  default: '0',
  help: 'malformed lines that are told and passed over; one more ends the import',
}
const WORKLOAD = {
  workload: { value: 'NAME', help: 'a workload, or the file of one', default: 'ycsb-a' },
  records: { value: 'COUNT', help: 'records of the load phase' },
  operations: { value: 'COUNT', help: 'operations of the run phase' },
  seed: { value: 'INTEGER', help: 'of the random numbers', default: '42' },
  'value-bytes': {
    value: 'SIZE',
    help: "one field of so many bytes, not the workload's own",
  },
  param: {
    value: 'NAME=VALUE',
    help: 'a parameter of the workload; may be repeated',
    multiple: true,
  },
}

export const VERBS: Readonly<Record<string, Verb>> = {
  generate: {
    summary: "prints a workload's operations; the seed is the generator's own, as in YCSB's thread",
    example: 'generate --workload=ycsb-a --records=1000 --operations=10000 --seed=42',
    flags: {
      ...WORKLOAD,
      format: { value: 'NAME', help: outputNames.join(', '), default: 'ycsb' },
      phase: PHASE,
      out: OUT,
      compression: COMPRESSION,
    },
    run: generate,
  },
  record: {
    summary: 'writes the operations that npm run exp would run, so that a replay is that run',
    example: 'record --workload=ycsb-a --records=100k --operations=100k --out=a.trace',
    flags: {
      ...WORKLOAD,
      repeat: { value: 'INDEX', help: 'which repeat of a run, from 0', default: '0' },
      format: { value: 'NAME', help: outputNames.join(', '), default: NATIVE },
      phase: PHASE,
      out: OUT,
      compression: COMPRESSION,
    },
    run: record,
  },
  import: {
    summary: 'makes a trace of foreign files, in their order; plain, gzip or zstd',
    example: 'import load.txt run.txt.gz --format=ycsb --out=a.trace',
    flags: {
      format: { value: 'NAME', help: Object.keys(IMPORT_FORMATS).join(', ') },
      out: OUT_NEEDED,
      'errors-max': ERRORS_MAX,
      compression: COMPRESSION,
    },
    run: importTrace,
  },
  export: {
    summary: 'writes a trace in a format that others read',
    example: 'export a.trace --format=rocksdb --out=a.rocksdb',
    flags: {
      format: { value: 'NAME', help: outputNames.filter((name) => name !== NATIVE).join(', ') },
      phase: PHASE,
      out: OUT,
    },
    run: exportTrace,
  },
  stats: {
    summary: 'tells of a trace, or of a file that could be imported, what it asks for',
    example: 'stats a.trace --json',
    flags: {
      format: { value: 'NAME', help: INPUT_FORMATS.join(', '), default: NATIVE },
      json: { value: null, help: 'as JSON' },
      'errors-max': ERRORS_MAX,
    },
    run: stats,
  },
}

/** The reference stream: as YCSB prints it, thousand records and ten thousand operations. */
async function generate(given: Given, signal: AbortSignal): Promise<void> {
  await fromWorkload(given, signal, { records: 1000, operations: 10_000, reference: true }, 'ycsb')
}

async function record(given: Given, signal: AbortSignal): Promise<void> {
  const sizes = { records: 100_000, operations: 100_000, reference: false }
  await fromWorkload(given, signal, sizes, NATIVE)
}

interface WorkloadDefaults {
  readonly records: number
  readonly operations: number
  readonly reference: boolean
}

async function fromWorkload(
  given: Given,
  signal: AbortSignal,
  { reference, ...sizes }: WorkloadDefaults,
  preset: OutputFormat,
): Promise<void> {
  noOperands(given)
  const format = oneOf('format', given, outputNames, preset)
  const phase = oneOf('phase', given, PHASES, 'all')
  if (format !== NATIVE && given.flags.has('compression')) {
    throw new UsageError(`--compression: only with --format=native, not ${format}`)
  }
  const compression = oneOf('compression', given, COMPRESSIONS, 'zstd')
  const out = outFile(given) ?? ''
  const { definition } = chooseWorkload(last(given, 'workload') ?? 'ycsb-a')
  const params = declaredParams(definition, given)
  const valueBytes = quantity(given, 'value-bytes', parseBytes)
  const context = {
    records: quantity(given, 'records', parseCount) ?? definition.size?.records ?? sizes.records,
    operations:
      quantity(given, 'operations', parseCount) ?? definition.size?.operations ?? sizes.operations,
    seed: quantity(given, 'seed', parseCount) ?? 42,
    repeat: quantity(given, 'repeat', parseCount) ?? 0,
    reference,
    ...(valueBytes !== undefined && { valueBytes }),
  }
  const workload = usageOf(() => definition.create(params, context))
  const header = {
    workload: definition.name,
    params: definition.parse(params),
    size: { records: context.records, operations: context.operations },
    keyNumbers: workload.keyNumbers ?? ('dense' as const),
  }
  const request = { format, out, phase, compression, header }
  say(await writeOperations(workload, request, signal), out)
}

async function importTrace(given: Given, signal: AbortSignal): Promise<void> {
  const paths = files(given, 'a file to import')
  const format = inputFormat(given, Object.keys(IMPORT_FORMATS)) as ImportFormatName
  const out = outFile(given)
  if (out === undefined) throw new UsageError('--out=FILE is needed')
  const compression = oneOf('compression', given, COMPRESSIONS, 'zstd')
  const report = reportFor(given)
  const header = { workload: `imported-${format}`, params: {}, keyNumbers: 'hashed' } as const
  const writer = new TraceWriter(out, header, { compression })
  try {
    writer.finish(await importFiles(format, paths, writer, report, signal))
  } finally {
    writer.abort()
  }
  const size = formatBytes(writer.written.bytes)
  say([`${out}: ${report.operations} operations, ${size}`, ...summary(report)], out)
}

async function exportTrace(given: Given, signal: AbortSignal): Promise<void> {
  const [path] = files(given, 'a trace to export', 1)
  const names = outputNames.filter((name) => name !== NATIVE)
  const format = inputFormat(given, names) as OutputFormat
  const phase = oneOf('phase', given, PHASES, 'all')
  const out = outFile(given) ?? ''
  const trace = openTrace(path!)
  const compression = 'zstd'
  const request = { format, out, phase, compression, header: trace.header } as const
  say(await writeOperations(traceWorkload(trace), request, signal), out)
}

async function stats(given: Given, signal: AbortSignal): Promise<void> {
  const paths = files(given, 'a trace')
  const format = oneOf('format', given, INPUT_FORMATS, NATIVE)
  const sink = new StatisticsSink()
  const notes: string[] = []
  if (format === NATIVE) {
    for (const path of paths) {
      await pumpUntil(signal, traceWorkload(openTrace(path)), sink, new Operation())
    }
  } else {
    const report = reportFor(given)
    await importFiles(format as ImportFormatName, paths, sink, report, signal)
    notes.push(...summary(report))
  }
  const statistics: TraceStatistics = sink.figures()
  const text = given.flags.has('json')
    ? JSON.stringify({ files: paths, format, ...statistics }, null, 2)
    : statisticsText(statistics)
  process.stdout.write(`${text}\n`)
  for (const note of notes) process.stderr.write(`${note}\n`)
}

function reportFor(given: Given): ImportReport {
  return new ImportReport({
    errorsMax: quantity(given, 'errors-max', parseCount) ?? 0,
    onMalformed: (text) => process.stderr.write(`${text}\n`),
  })
}

function summary({ otherLines, malformed, notes }: ImportReport): readonly string[] {
  return [
    `${otherLines} lines of properties and statistics, ${malformed} malformed`,
    ...Array.from(notes, ([text, count]) => `${count} × ${text}`),
  ]
}

/** Notes go where the operations do not. */
function say(lines: readonly string[], out: string): void {
  const stream = out === '' ? process.stderr : process.stdout
  for (const line of lines) stream.write(`${line}\n`)
}

function declaredParams(definition: WorkloadDefinition, given: Given): Record<string, Json> {
  const assigned = readAssignments('--param', given.flags.get('param'))
  return readSettings(definition.params, assigned, 'workload parameter')
}

function files(given: Given, what: string, countMax = Number.POSITIVE_INFINITY): readonly string[] {
  const { operands } = given
  if (operands.length === 0) throw new UsageError(`name ${what}`)
  if (operands.length > countMax)
    throw new UsageError(`unexpected argument "${operands[countMax]}"`)
  const missing = operands.find((path) => !existsSync(path))
  if (missing !== undefined) throw new UsageError(`there is no ${missing}`)
  const folder = operands.find((path) => statSync(path).isDirectory())
  if (folder !== undefined) throw new UsageError(`${folder} is a folder; name ${what}`)
  return operands
}

function noOperands({ operands }: Given): void {
  if (operands[0] !== undefined) throw new UsageError(`unexpected argument "${operands[0]}"`)
}

function inputFormat(given: Given, known: readonly string[]): string {
  if (last(given, 'format') === undefined) {
    throw new UsageError(`--format is needed: ${known.join(', ')}`)
  }
  return oneOf('format', given, known, '')
}

/** Undefined where none is given. Throws `UsageError` where no file can be. */
function outFile(given: Given): string | undefined {
  const out = last(given, 'out')
  if (out === undefined) return undefined
  checkOutFile('out', out)
  const isRead = given.operands.some((path) => resolve(path) === resolve(out))
  if (isRead) throw new UsageError(`--out: ${out} is read; name another file`)
  return out
}

function last(given: Given, flag: string): string | undefined {
  return given.flags.get(flag)?.at(-1)
}

function oneOf<Name extends string>(
  flag: string,
  given: Given,
  known: readonly Name[],
  preset: Name,
): Name {
  const text = last(given, flag) ?? preset
  const found = known.find((name) => name === text)
  if (found === undefined) throw unknownName(flag, text, known)
  return found
}

function quantity(
  given: Given,
  flag: string,
  parse: (text: string) => number | undefined,
): number | undefined {
  const text = last(given, flag)
  if (text === undefined) return undefined
  const value = parse(text)
  if (value === undefined) throw new UsageError(`--${flag}: ${notOne(text, 'a whole quantity')}`)
  return value
}
