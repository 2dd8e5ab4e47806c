/**
 * Owns the tables of figures: one that compares designs (one row for each design, with the mean
 * over its samples and the interval of that mean), and one that lists every run.
 */

import { strategyLabels, workloadLabels } from '../../results/design-labels.ts'
import type { DesignGroup } from '../../results/identity.ts'
import type { ReadAccount, RunResult } from '../../results/schema.ts'
import { formatCount, formatNs } from '../base/units.ts'
import { designsOf } from '../charts/designs.ts'
import { estimateOf, INTERVAL_DEFINITION } from '../charts/estimate.ts'
import { formatRatio } from '../charts/wording.ts'
import { runThroughput } from '../measure/throughput.ts'
import { type ReportCell, type ReportColumn, type ReportTable, words } from './report-table.ts'

/** A cost of a run, as one number. */
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

/** Designs side by side; a column without any measured value is left out. */
export function comparisonTable(results: readonly RunResult[]): ReportTable {
  const metrics = metricsOf(results)
  return {
    id: 'designs',
    title: 'Designs',
    note: `${NOTE} Where a design ran with several seeds: the mean [${INTERVAL_DEFINITION}].`,
    columns: [
      ...columnsOf('words', 'workload', 'strategy'),
      ...columnsOf('figure', 'runs', 'seeds', ...metrics.map(({ name }) => name)),
    ],
    rows: designsOf(results).map((design) => [
      words(design.workload),
      words(design.contender),
      countCell(design.results.length),
      countCell(design.samples.size),
      ...metrics.map((metric) => meanCell(metric, design)),
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
      countCell(result.config.seed),
      countCell(result.config.repeat),
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

function meanCell(metric: Metric, design: DesignGroup<RunResult>): ReportCell {
  const estimate = estimateOf(design, metric.of)
  if (estimate === null) return { text: '–', value: null }
  const { mean, interval } = estimate
  const [low, high] =
    interval === null ? [] : [metric.show(interval.low), metric.show(interval.high)]
  const range = low === high ? '' : ` [${low}–${high}]`
  return { text: `${metric.show(mean)}${range}`, value: mean }
}

function countCell(count: number): ReportCell {
  return { text: String(count), value: count }
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
