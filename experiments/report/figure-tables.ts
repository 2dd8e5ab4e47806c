/**
 * Owns the tables of figures: one that compares designs (a row a design under a workload, the mean
 * over its seeds and the range behind it), and one that lists every run.
 */
import type { ReadAccount, RunResult } from '../../results/schema.ts'
import { formatRatio } from '../charts/wording.ts'
import { formatCount, formatNs } from '../cli/units.ts'
import { strategyLabels, workloadLabels } from '../design-labels.ts'
import { runThroughput } from '../throughput.ts'
import { type ReportCell, type ReportColumn, type ReportTable, words } from './report-table.ts'

/** Something a run costs, as one number. */
interface Metric {
  readonly name: string
  readonly of: (result: RunResult) => number | null
  readonly show: (value: number) => string
}

const reads = (
  key: keyof RunResult['deterministic']['readAmplification'],
  name: string,
): Metric => ({
  name,
  of: ({ deterministic }) => costOf(deterministic.readAmplification[key]),
  show: formatRatio,
})

const METRICS: readonly Metric[] = [
  {
    name: 'WA drained',
    of: ({ deterministic }) => deterministic.amplification.drained.waTotal,
    show: formatRatio,
  },
  {
    name: 'WA burst',
    of: ({ deterministic }) => deterministic.amplification.burst.waTotal,
    show: formatRatio,
  },
  {
    name: 'WA tables',
    of: ({ deterministic }) => deterministic.amplification.drained.waLsm,
    show: formatRatio,
  },
  {
    name: 'SA drained',
    of: ({ deterministic }) => deterministic.amplification.drained.spaceAmplification,
    show: formatRatio,
  },
  reads('getHit', 'runs / get found'),
  reads('getMiss', 'runs / get absent'),
  reads('shortScan', 'runs / short scan'),
  reads('longScan', 'runs / long scan'),
  {
    name: 'operations / s',
    of: ({ timed }) => runThroughput(timed),
    show: formatCount,
  },
]

const NOTE =
  'WA: all bytes written ÷ user bytes; WA tables: flushes and compactions alone. SA: physical ÷ ' +
  'live logical bytes. Drained: after all due compactions; burst: at the last operation. Runs: ' +
  'sorted runs whose key range held the key or met the range.'

/** Designs side by side; a column nothing was measured for is left out. */
export function comparisonTable(results: readonly RunResult[]): ReportTable {
  const strategies = strategyLabels(results)
  const workloads = workloadLabels(results)
  const groups = Map.groupBy(results, (result) =>
    JSON.stringify([workloads.get(result), strategies.get(result)]),
  )
  const metrics = metricsOf(results)
  return {
    id: 'designs',
    title: 'Designs',
    note: `${NOTE} Where a design ran with several seeds: the mean, and the least and the most.`,
    columns: [
      ...columnsOf('words', 'workload', 'strategy'),
      ...columnsOf('figure', 'runs', ...metrics.map(({ name }) => name)),
    ],
    rows: [...groups.values()].map((group) => [
      words(workloads.get(group[0]!)!),
      words(strategies.get(group[0]!)!),
      { text: String(group.length), value: group.length },
      ...metrics.map((metric) => meanCell(metric, group)),
    ]),
  }
}

/** Every run, with its latencies and the gates it failed. */
export function runsTable(results: readonly RunResult[]): ReportTable {
  const strategies = strategyLabels(results)
  const workloads = workloadLabels(results)
  const metrics = [...metricsOf(results), ...latencyMetrics(results)]
  return {
    id: 'runs',
    title: 'Runs',
    note: `${NOTE} Latencies are service times; of a closed loop they hide queueing.`,
    columns: [
      ...columnsOf('words', 'workload', 'strategy'),
      ...columnsOf('figure', 'seed', 'repeat', ...metrics.map(({ name }) => name)),
      ...columnsOf('words', 'failed gates', 'result'),
    ],
    rows: results.map((result) => [
      words(workloads.get(result)!),
      words(strategies.get(result)!),
      { text: String(result.config.seed), value: result.config.seed },
      { text: String(result.config.repeat), value: result.config.repeat },
      ...metrics.map((metric) => cell(metric, metric.of(result))),
      failedCell(result),
      words(result.id),
    ]),
  }
}

function metricsOf(results: readonly RunResult[]): readonly Metric[] {
  return METRICS.filter(({ of }) => results.some((result) => of(result) !== null))
}

function latencyMetrics(results: readonly RunResult[]): readonly Metric[] {
  const kinds = new Set(results.flatMap(({ timed }) => Object.keys(timed.latencyByKind)))
  return [...kinds].flatMap((kind) =>
    (['p50Us', 'p99Us'] as const).map((figure) => ({
      name: `${kind} ${figure.slice(0, -2)} µs`,
      of: ({ timed }: RunResult) => timed.latencyByKind[kind]?.[figure] ?? null,
      show: (us: number) => formatNs(us * 1000),
    })),
  )
}

function costOf({ operations, runsPerOperation }: ReadAccount): number | null {
  return operations === 0 ? null : runsPerOperation
}

function meanCell(metric: Metric, group: readonly RunResult[]): ReportCell {
  const values = group.map(metric.of).filter((value) => value !== null)
  if (values.length === 0) return { text: '–', value: null }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const [low, high] = [Math.min(...values), Math.max(...values)].map(metric.show)
  const range = low === high ? '' : ` (${low}–${high})`
  return { text: `${metric.show(mean)}${range}`, value: mean }
}

function cell({ show }: Metric, value: number | null): ReportCell {
  return value === null ? { text: '–', value } : { text: show(value), value }
}

function failedCell({ gates }: RunResult): ReportCell {
  const failed = gates.filter(({ passed }) => !passed).map(({ name }) => name)
  return failed.length === 0 ? words('none') : { text: failed.join(', '), mark: 'bad' }
}

function columnsOf(kind: ReportColumn['kind'], ...names: readonly string[]): ReportColumn[] {
  return names.map((name) => ({ name, kind }))
}
