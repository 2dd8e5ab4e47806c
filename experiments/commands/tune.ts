/**
 * Owns the command `npm run tune`: from a mix of operations, a data set and a memory budget to the
 * designs that cost least by the closed-form model: strategy, size ratio, runs, and the division of
 * memory between memtable and filters. With --rho also those whose worst case within that
 * divergence is least. Exit codes: 0 done, 1 failure, 2 a mistake in the arguments; errors are one
 * line on stderr.
 */
import { MEMTABLE_BYTES_MIN, type Rated, tune } from '../../strategies/model/tuner.ts'
import {
  type ByOperation,
  OPERATION_KINDS,
  type TuningEnvironment,
} from '../../strategies/model/workload-cost.ts'
import { formatBytes, parseBytes, parseCount, parseReal } from '../base/units.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { flagRows, notOne, readArguments } from '../cli/arguments.ts'
import { runCommand, say } from '../cli/run-command.ts'
import { lookOf } from '../cli/terminal.ts'
import { fitted, textTable } from '../cli/text-table.ts'

export const FLAGS = {
  'zero-reads': { value: 'SHARE', default: '0', help: 'lookups of keys that do not exist' },
  reads: { value: 'SHARE', default: '0', help: 'lookups of keys that exist' },
  'short-scans': { value: 'SHARE', default: '0', help: 'scans of a block a run' },
  'long-scans': { value: 'SHARE', default: '0', help: 'scans of --scan-entries' },
  writes: { value: 'SHARE', default: '0', help: 'puts and deletes' },
  records: { value: 'COUNT', default: '10M', help: 'unique entries' },
  'entry-bytes': { value: 'SIZE', default: '1k', help: 'key and value of one' },
  memory: { value: 'SIZE', default: '64MiB', help: 'for the memtable and all filters together' },
  rho: {
    value: 'NUMBER',
    default: '0',
    help: 'how far the mix may be off, as KL divergence (nats)',
  },
  'scan-entries': { value: 'COUNT', default: '10k', help: 'entries a long scan returns' },
  'block-bytes': { value: 'SIZE', default: '4k', help: 'what one I/O reads' },
  filters: { value: 'NAME', default: 'uniform', help: 'how bits are divided: uniform or monkey' },
  'write-cost': { value: 'NUMBER', default: '1', help: 'cost of writing a block ÷ reading it' },
  sequential: { value: 'NUMBER', default: '1', help: 'speed of sequential ÷ random transfer' },
  json: { value: null, help: 'print JSON' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const
type FlagName = keyof typeof FLAGS
type ValueFlag = Exclude<FlagName, 'json' | 'debug' | 'help'>
type Values = Readonly<Record<ValueFlag, string>>

const MIX_FLAGS = {
  zeroReads: 'zero-reads',
  reads: 'reads',
  shortScans: 'short-scans',
  longScans: 'long-scans',
  writes: 'writes',
} as const satisfies Record<(typeof OPERATION_KINDS)[number], ValueFlag>

function main(argv: readonly string[]): number {
  const { operands, flags } = readArguments<FlagName>('tune', argv, FLAGS)
  if (argv.length === 0 || flags.has('help')) return say(helpText())
  if (operands.length > 0) throw new UsageError(`unexpected argument "${operands[0]}"`)
  const { workload, environment, rho } = questionOf(flags)
  const answer = tune(workload, environment, rho)
  if (flags.has('json')) {
    return say(JSON.stringify({ workload, environment, rho, ...answer }, null, 2))
  }
  const tables = [
    tableOf(`Best for this mix (${environment.filters} filters)`, answer.nominal, rho),
  ]
  if (rho > 0) {
    tables.push(tableOf(`Best in the worst case within ρ = ${rho}`, answer.robust, rho))
  }
  const best = rho > 0 ? answer.robust[0]! : answer.nominal[0]!
  return say(
    `${tables.join('\n\n')}\n${fitted(CAPTION, lookOf(process.stdout))}\n\n  ${commandOf(best, environment)}`,
  )
}

function helpText(): string {
  return [
    'Finds the design that costs a workload least, by the closed-form model.',
    '',
    '  npm run tune -- --reads=0.3 --zero-reads=0.2 --writes=0.5 --records=10M --memory=64MiB',
    '  npm run tune -- --writes=97 --reads=1 --zero-reads=1 --short-scans=1 --rho=0.5',
    '',
    ...flagRows(FLAGS),
    '',
    'Shares are brought to a sum of 1. Sizes take B, KiB, MiB, GiB, counts k, M, G.',
    'Exit codes: 0 done, 1 failure, 2 a mistake in the arguments.',
  ].join('\n')
}

export interface Question {
  readonly workload: ByOperation
  readonly environment: TuningEnvironment
  readonly rho: number
}

/** What the flags ask. Throws `UsageError`. */
export function questionOf(flags: ReadonlyMap<FlagName, readonly string[]>): Question {
  const values = valuesOf(flags)
  return {
    workload: mixOf(values),
    environment: environmentOf(values),
    rho: numberOf(values, 'rho', [0, RHO_MAX]),
  }
}

/** The flags given over the defaults. */
function valuesOf(flags: ReadonlyMap<FlagName, readonly string[]>): Values {
  const values = Object.entries(FLAGS).flatMap(([name, spec]) =>
    spec.value === null ? [] : [[name, flags.get(name as FlagName)?.[0] ?? spec.default]],
  )
  return Object.fromEntries(values) as Values
}

function mixOf(values: Values): ByOperation {
  const weights = OPERATION_KINDS.map((kind) => numberOf(values, MIX_FLAGS[kind], [0, NUMBER_MAX]))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) {
    const flags = Object.values(MIX_FLAGS).map((name) => `--${name}`)
    throw new UsageError(`no operations: give a share to one of ${flags.join(', ')}`)
  }
  const shares = OPERATION_KINDS.map((kind, index) => [kind, weights[index]! / total])
  return Object.fromEntries(shares) as ByOperation
}

function environmentOf(values: Values): TuningEnvironment {
  const memoryBytes = quantityOf(values, 'memory', parseBytes)
  if (memoryBytes < MEMTABLE_BYTES_MIN) {
    const least = formatBytes(MEMTABLE_BYTES_MIN)
    throw new UsageError(`--memory: ${values.memory} is less than a memtable of ${least}`)
  }
  const { filters } = values
  if (filters !== 'uniform' && filters !== 'monkey') {
    throw unknownName('division of filters', filters, ['uniform', 'monkey'])
  }
  return {
    entries: quantityOf(values, 'records', parseCount),
    entryBytes: quantityOf(values, 'entry-bytes', parseBytes),
    memoryBytes,
    blockBytes: quantityOf(values, 'block-bytes', parseBytes),
    longScanEntries: quantityOf(values, 'scan-entries', parseCount),
    writeToRead: numberOf(values, 'write-cost', [0, NUMBER_MAX]),
    sequentialSpeedup: numberOf(values, 'sequential', [1, NUMBER_MAX]),
    filters: filters === 'monkey' ? 'optimal' : 'uniform',
  }
}

function quantityOf(
  values: Values,
  flag: ValueFlag,
  parse: (text: string) => number | undefined,
): number {
  const quantity = parse(values[flag])
  if (quantity === undefined || quantity < 1) {
    throw new UsageError(`--${flag}: ${notOne(values[flag], 'a whole quantity of at least 1')}`)
  }
  return quantity
}

/**
 * Weights and ratios of more orders of magnitude would overflow where they are added or multiplied.
 */
const NUMBER_MAX = 1e9
/** In nats: the likelihood of a mix falls by e^ρ. */
const RHO_MAX = 1000

function numberOf(
  values: Values,
  flag: ValueFlag,
  [least, most]: readonly [number, number],
): number {
  const number = parseReal(values[flag])
  if (number === undefined || number < least || number > most) {
    throw new UsageError(`--${flag}: ${notOne(values[flag], `a number from ${least} to ${most}`)}`)
  }
  return number
}

const CAPTION =
  'I/O: mean block I/Os an operation, full tree, nothing cached; worst: of any mix within ρ.\n' +
  'WA: copies written of an entry, the flush included, the log not.'

function tableOf(title: string, rated: readonly Rated[], rho: number): string {
  const robust = rho > 0 ? ['worst'] : []
  const head = ['strategy', 'T', 'K', 'Z', 'memtable', 'bits/key', 'levels', 'I/O', ...robust]
  const columns = [...head, 'zero-read', 'read', 'short scan', 'long scan', 'WA']
  const rows = rated.map(({ strategy, point, memtableBytes, bitsPerEntry, levels, ...one }) => {
    const { ios } = one
    return [
      strategy,
      ...[point.T, point.K, point.Z].map(String),
      formatBytes(memtableBytes),
      bitsPerEntry.toFixed(2),
      String(levels),
      figure(one.cost),
      ...(rho > 0 ? [figure(one.worst.cost)] : []),
      ...[ios.zeroReads, ios.reads, ios.shortScans, ios.longScans].map(figure),
      one.writeAmplification.toFixed(2),
    ]
  })
  return `${title}\n${textTable({ head: columns, rows, names: 1 }, lookOf(process.stdout))}`
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
}

/** Mean length of YCSB's hashed keys: 'user' and about nineteen digits. */
const KEY_BYTES = 23

/** This data under the design; which operations to run on it, the workload says. */
function commandOf(best: Rated, { entries, entryBytes, filters }: TuningEnvironment): string {
  const { strategy, point, memtableBytes, bitsPerEntry } = best
  const valueBytes = Math.max(1, entryBytes - KEY_BYTES)
  const params = [`T=${point.T}`, `bitsPerKey=${bitsPerEntry}`]
  if (strategy === 'fluid') params.push(`K=${point.K}`, `Z=${point.Z}`)
  if (filters === 'optimal') params.push('filterAlloc=monkey')
  return [
    `npm run exp -- --strategy=${strategy} --records=${entries} --value-bytes=${valueBytes}`,
    ...params.map((param) => `--param=${param}`),
    `--set=memtableBytes=${memtableBytes}`,
  ].join(' ')
}

if (import.meta.main) await runCommand('tune', main)
