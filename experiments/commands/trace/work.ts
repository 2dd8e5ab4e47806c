/**
 * Owns the work of `varve trace`, with one function for each of its verbs. A mistake in the
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
import { Interrupted } from '../../base/interrupted.ts'
import { formatBytes, parseBytes, parseCount } from '../../base/units.ts'
import { asUsage, UsageError, usageOf } from '../../base/usage-error.ts'
import { type Arguments, choiceOf, notOne, readAssignments, textOf } from '../../cli/arguments.ts'
import { chooseWorkload } from '../../cli/choose-workload.ts'
import { EXIT } from '../../cli/explain.ts'
import type { FlagName } from '../../cli/flags.ts'
import { note, sayWritten } from '../../cli/run-command.ts'
import { readSettings } from '../../cli/settings.ts'
import { OUTPUT_FORMATS, type OutputFormat, writeOperations } from '../../trace/trace-output.ts'
import { StatisticsSink, type TraceStatistics } from '../../trace/trace-statistics.ts'
import { statisticsText } from './statistics-table.ts'

const PHASES: readonly TracePhase[] = ['all', 'load', 'run']
const COMPRESSIONS: readonly TraceCompression[] = ['zstd', 'none']
const NATIVE = 'native'
const INPUT_FORMATS = [NATIVE, ...Object.keys(IMPORT_FORMATS)]
const outputNames = Object.keys(OUTPUT_FORMATS) as OutputFormat[]

/** The reference stream, printed in YCSB's format. */
export function generate(given: Arguments, signal: AbortSignal): Promise<void> {
  return fromWorkload(given, signal, true)
}

export function record(given: Arguments, signal: AbortSignal): Promise<void> {
  return fromWorkload(given, signal, false)
}

/**
 * Does `work`; returns the exit code. Throws `Interrupted` after a signal, and `UsageError` for a
 * file of the wrong kind.
 */
export async function ended(signal: AbortSignal, work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return EXIT.done
  } catch (error) {
    throw signal.aborted ? new Interrupted() : asUsage(error)
  }
}

async function fromWorkload(
  given: Arguments,
  signal: AbortSignal,
  reference: boolean,
): Promise<void> {
  const format = choiceOf(given, 'format', outputNames)
  const phase = choiceOf(given, 'phase', PHASES)
  if (format !== NATIVE && given.flags.has('compression')) {
    throw new UsageError(`--compression: only with --format=native, not ${format}`)
  }
  const compression = choiceOf(given, 'compression', COMPRESSIONS)
  const out = outFile(given) ?? ''
  const { definition } = chooseWorkload(textOf(given, 'workload')!)
  const params = declaredParams(definition, given)
  const valueBytes = quantityOf(given, 'value-bytes', parseBytes)
  const context = {
    records: sizeOf(given, 'records', definition),
    operations: sizeOf(given, 'operations', definition),
    seed: quantityOf(given, 'seed', parseCount)!,
    repeat: reference ? 0 : quantityOf(given, 'repeat', parseCount)!,
    reference,
    ...(valueBytes !== null && { valueBytes }),
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

export async function importTrace(given: Arguments, signal: AbortSignal): Promise<void> {
  const paths = filesOf(given, 'a file to import')
  const format = inputFormat(given, Object.keys(IMPORT_FORMATS)) as ImportFormatName
  const out = outFile(given)
  if (out === null) throw new UsageError('--out=FILE is needed')
  const compression = choiceOf(given, 'compression', COMPRESSIONS)
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

export async function exportTrace(given: Arguments, signal: AbortSignal): Promise<void> {
  const [path] = filesOf(given, 'a trace to export')
  const names = outputNames.filter((name) => name !== NATIVE)
  const format = inputFormat(given, names) as OutputFormat
  const phase = choiceOf(given, 'phase', PHASES)
  const out = outFile(given) ?? ''
  const trace = openTrace(path!)
  const compression = 'zstd'
  const request = { format, out, phase, compression, header: trace.header } as const
  say(await writeOperations(traceWorkload(trace), request, signal), out)
}

export async function stats(given: Arguments, signal: AbortSignal): Promise<void> {
  const paths = filesOf(given, 'a trace')
  const format = choiceOf(given, 'format', INPUT_FORMATS)
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
  for (const line of notes) note(line)
}

function reportFor(given: Arguments): ImportReport {
  return new ImportReport({
    errorsMax: quantityOf(given, 'errors-max', parseCount)!,
    onMalformed: (text) => process.stderr.write(`${text}\n`),
  })
}

function summary({ otherLines, malformed, notes }: ImportReport): readonly string[] {
  return [
    `${otherLines} lines of properties and statistics, ${malformed} malformed`,
    ...Array.from(notes, ([text, count]) => `${count} × ${text}`),
  ]
}

/** Prints notes on standard error if the operations go to standard output. */
function say(lines: readonly string[], out: string): void {
  for (const line of lines) {
    if (out === '') note(line)
    else sayWritten(line)
  }
}

function declaredParams(definition: WorkloadDefinition, given: Arguments): Record<string, Json> {
  const assigned = readAssignments('--param', given.flags.get('param'))
  return readSettings(definition.params, assigned, 'workload parameter')
}

function filesOf({ operands }: Arguments, what: string): readonly string[] {
  const missing = operands.find((path) => !existsSync(path))
  if (missing !== undefined) throw new UsageError(`there is no ${missing}`)
  const folder = operands.find((path) => statSync(path).isDirectory())
  if (folder !== undefined) throw new UsageError(`${folder} is a folder; name ${what}`)
  return operands
}

function inputFormat(given: Arguments, known: readonly string[]): string {
  if (textOf(given, 'format') === null) {
    throw new UsageError(`--format is needed: ${known.join(', ')}`)
  }
  return choiceOf(given, 'format', known)
}

/** The file to write; null: standard output. Throws `UsageError` if it cannot be written. */
function outFile(given: Arguments): string | null {
  const out = textOf(given, 'out')
  if (out === null) return null
  checkOutFile('out', out)
  const isRead = given.operands.some((path) => resolve(path) === resolve(out))
  if (isRead) throw new UsageError(`--out: ${out} is read; name another file`)
  return out
}

/** The given number, or that of the workload's file, or the default. */
function sizeOf(
  given: Arguments,
  flag: 'records' | 'operations',
  { size }: WorkloadDefinition,
): number {
  const own = given.flags.has(flag) ? undefined : size?.[flag]
  return own ?? quantityOf(given, flag, parseCount)!
}

/** The given value or the default; null if there is neither. Throws `UsageError`. */
function quantityOf(
  given: Arguments,
  flag: FlagName,
  parse: (text: string) => number | undefined,
): number | null {
  const text = textOf(given, flag)
  if (text === null) return null
  const value = parse(text)
  if (value === undefined) throw new UsageError(`--${flag}: ${notOne(text, 'a whole quantity')}`)
  return value
}
