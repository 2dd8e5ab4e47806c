/**
 * Owns the work of `varve tune`: from a mix of operations, a data set and a memory budget to the
 * designs with the least cost by the model: strategy, size ratio, runs, and the division of memory
 * between memtable and filters. With --rho also the designs with the least cost in the worst case
 * within that divergence. With --measure the best of them are run, too (`measure-designs.ts`).
 */
import {
  bestDesigns,
  MEMTABLE_BYTES_MIN,
  parametersOf,
  type Rated,
  type TuningQuestion,
  tune,
} from '../../../strategies/model/tuner.ts'
import {
  type ByOperation,
  OPERATION_KINDS,
  type TuningEnvironment,
} from '../../../strategies/model/workload-cost.ts'
import { startWords } from '../../base/start-words.ts'
import { formatBytes, parseBytes, parseCount, parseReal } from '../../base/units.ts'
import { UsageError } from '../../base/usage-error.ts'
import { type Arguments, choiceOf, integerOf, notOne, textOf } from '../../cli/arguments.ts'
import { type FlagName, flagsOf } from '../../cli/flags.ts'
import { say } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'
import { measureDesigns, measuredText } from './measure-designs.ts'

const MIX_FLAGS = {
  zeroReads: 'zero-reads',
  reads: 'reads',
  shortScans: 'short-scans',
  longScans: 'long-scans',
  writes: 'writes',
} as const satisfies Record<(typeof OPERATION_KINDS)[number], FlagName>

export async function findDesigns(given: Arguments, hear: () => AbortSignal): Promise<number> {
  const question = questionOf(given)
  const { workload, environment, rho, spaceMax } = question
  const answer = tune(question)
  if (answer.nominal.length === 0) {
    throw new UsageError(
      `--space: no design keeps ${spaceMax} in ${textOf(given, 'memory')} of memory; give more of ` +
        'either, or --life=load',
    )
  }
  const count = given.flags.has('measure') ? integerOf(given, 'measure') : 0
  const measured =
    count === 0
      ? null
      : await measureDesigns(bestDesigns(question, count), question, {
          seed: integerOf(given, 'seed'),
          signal: hear(),
          isQuiet: given.flags.has('quiet'),
        })
  if (given.flags.has('json')) {
    const asked = { workload, environment, rho, spaceMax }
    const shown = measured === null ? {} : { measured }
    return say(JSON.stringify({ ...asked, ...answer, ...shown }, null, 2))
  }
  const tables = [
    tableOf(`Best for this mix (${environment.filters} filters)`, answer.nominal, rho),
  ]
  if (rho > 0) {
    tables.push(tableOf(`Best in the worst case within ρ = ${rho}`, answer.robust, rho))
  }
  const look = lookOf(process.stdout)
  const best = rho > 0 ? answer.robust[0]! : answer.nominal[0]!
  const parts = [
    `${tables.join('\n\n')}\n${fitted(captionOf(question), look)}`,
    ...(measured === null ? [] : [measuredText(measured, look)]),
    `  ${commandOf(best, environment)}`,
  ]
  return say(parts.join('\n\n'))
}

/** The question that the flags ask. Throws `UsageError`. */
export function questionOf(given: Arguments): TuningQuestion {
  return {
    workload: mixOf(given),
    environment: environmentOf(given),
    rho: numberOf(given, 'rho'),
    spaceMax: numberOf(given, 'space'),
  }
}

function mixOf(given: Arguments): ByOperation {
  const weights = OPERATION_KINDS.map((kind) => numberOf(given, MIX_FLAGS[kind]))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) {
    const flags = Object.values(MIX_FLAGS).map((name) => `--${name}`)
    throw new UsageError(`no operations: give a share to one of ${flags.join(', ')}`)
  }
  const shares = OPERATION_KINDS.map((kind, index) => [kind, weights[index]! / total])
  return Object.fromEntries(shares) as ByOperation
}

function environmentOf(given: Arguments): TuningEnvironment {
  const memoryBytes = quantityOf(given, 'memory', parseBytes)
  if (memoryBytes < MEMTABLE_BYTES_MIN) {
    const least = formatBytes(MEMTABLE_BYTES_MIN)
    throw new UsageError(`--memory: ${textOf(given, 'memory')} is less than a memtable of ${least}`)
  }
  const filters = choiceOf(given, 'filters', ['uniform', 'monkey'])
  return {
    entries: quantityOf(given, 'records', parseCount),
    entryBytes: quantityOf(given, 'entry-bytes', parseBytes),
    memoryBytes,
    blockBytes: quantityOf(given, 'block-bytes', parseBytes),
    longScanEntries: quantityOf(given, 'scan-entries', parseCount),
    writeToRead: numberOf(given, 'write-cost'),
    sequentialSpeedup: numberOf(given, 'sequential'),
    filters: filters === 'monkey' ? 'optimal' : 'uniform',
    life: choiceOf(given, 'life', ['steady', 'load']),
  }
}

function quantityOf(
  given: Arguments,
  flag: FlagName,
  parse: (text: string) => number | undefined,
): number {
  const text = textOf(given, flag)!
  const quantity = parse(text)
  if (quantity === undefined || quantity < 1) {
    throw new UsageError(`--${flag}: ${notOne(text, 'a whole quantity of at least 1')}`)
  }
  return quantity
}

function numberOf(given: Arguments, flag: FlagName): number {
  const text = textOf(given, flag)!
  const [least, most] = flagsOf(given.verb).get(flag)!.range
  const number = parseReal(text)
  if (number === undefined || number < least || number > most) {
    throw new UsageError(`--${flag}: ${notOne(text, `a number from ${least} to ${most}`)}`)
  }
  return number
}

function captionOf({ environment, spaceMax }: TuningQuestion): string {
  const life = environment.life === 'steady' ? 'a steady tree under updates' : 'a load'
  return (
    `I/O: mean block I/Os an operation over the life of ${life}, nothing cached, the flush written ` +
    'to level 0; worst: of any mix within ρ. WA: copies written of an entry, the flush included, ' +
    'the log not.\n' +
    `space: the most stored between merges ÷ unique entries, at most ${spaceMax} (--space); peak: ` +
    'the most during a merge, which still has its inputs.'
  )
}

function tableOf(title: string, rated: readonly Rated[], rho: number): string {
  const robust = rho > 0 ? ['worst'] : []
  const head = ['strategy', 'T', 'K', 'Z', 'memtable', 'bits/key', 'levels', 'I/O', ...robust]
  const columns = [...head, 'zero-read', 'read', 'short scan', 'long scan', 'WA', 'space', 'peak']
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
      one.spaceMost.toFixed(2),
      one.spacePeak.toFixed(2),
    ]
  })
  return `${title}\n${textTable({ head: columns, rows, names: 1 }, lookOf(process.stdout))}`
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()
}

/** Mean length of YCSB's hashed keys: 'user' and about nineteen digits. */
const KEY_BYTES = 23

/** A command that runs the design on such data; the user adds a workload. */
function commandOf(best: Rated, { entries, entryBytes, filters }: TuningEnvironment): string {
  const valueBytes = Math.max(1, entryBytes - KEY_BYTES)
  const bitsPerEntry = Number(best.bitsPerEntry.toFixed(3))
  const { filterAlloc, ...params } = parametersOf({ ...best, bitsPerEntry }, filters)
  const pairs = Object.entries(filterAlloc === 'monkey' ? { ...params, filterAlloc } : params)
  return [
    ...startWords('exp'),
    `--strategy=${best.strategy}`,
    `--records=${entries}`,
    `--value-bytes=${valueBytes}`,
    ...pairs.map(([name, value]) => `--param=${name}=${value}`),
    `--set=memtableBytes=${best.memtableBytes}`,
  ].join(' ')
}
