/**
 * Owns the table of verdicts: of the designs that ran one workload the first is the measure, and
 * every other is held against it, seed by seed. Differences, intervals and verdicts are those of the
 * comparison room; sides it refuses to compare are named with its reason.
 */
import { UsageError } from '../cli/usage-error.ts'
import {
  type Comparison,
  compareSides,
  type MetricComparison,
  PAIRS_MIN,
  type Verdict,
} from '../compare/comparison.ts'
import type { AnyResult } from '../compare/metrics.ts'
import { type Side, sidesOf } from '../compare/pairing.ts'
import { type ReportCell, type ReportTable, words } from './report-table.ts'

const OPTIONS = { across: ['engine', 'target'], level: 0.95, seed: 42, resamples: 10_000 } as const

/** Verdicts that draw the eye. */
const MARKS: Partial<Readonly<Record<Verdict, NonNullable<ReportCell['mark']>>>> = {
  better: 'good',
  worse: 'bad',
}

export function verdictTable(results: readonly AnyResult[]): ReportTable {
  const refused: string[] = []
  const comparisons = matchesOf(results, refused).flatMap(([a, b]) => {
    try {
      return [compareSides(a, b, OPTIONS)]
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      refused.push(error.message)
      return []
    }
  })
  return {
    id: 'verdicts',
    title: 'Verdicts',
    note: noteOf(comparisons, refused),
    columns: [
      ...['workload', 'design', 'against', 'metric', 'the design is'].map((name) =>
        column(name, 'words'),
      ),
      ...['difference', '95 % from', 'to', 'design’s mean', 'other’s mean'].map((name) =>
        column(name, 'figure'),
      ),
    ],
    rows: comparisons.flatMap((comparison) =>
      comparison.metrics.map((metric) => rowOf(comparison, metric)),
    ),
  }
}

/** The first side of each workload with every other of it; none where a result came twice. */
function matchesOf(
  results: readonly AnyResult[],
  refused: string[],
): readonly (readonly [Side, Side])[] {
  const groups = Map.groupBy(results, ({ config }) => {
    const { workload, records, operations, valueBytes } = config
    return JSON.stringify([workload, records, operations, valueBytes])
  })
  return [...groups.values()].flatMap((group) => {
    try {
      const [first, ...others] = sidesOf(
        group.map((result) => ({ path: `${result.id}.json`, result })),
      )
      return others.map((other) => [first!, other] as const)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      refused.push(error.message)
      return []
    }
  })
}

function rowOf({ workload, a, b }: Comparison, metric: MetricComparison): readonly ReportCell[] {
  const { meanA, meanB, difference, relative, low, high, verdict, labels } = metric
  const share = relative === null ? '' : ` (${signed(relative * 100, 1)} %)`
  const mark = MARKS[verdict]
  return [
    ...[workload, b, a, metric.metric].map(words),
    { text: [verdict, ...labels].join('; '), ...(mark === undefined ? {} : { mark }) },
    {
      text: `${difference > 0 ? '+' : ''}${significant(difference)}${share}`,
      value: difference,
    },
    { text: low === null ? '–' : significant(low), value: low },
    { text: high === null ? '–' : significant(high), value: high },
    { text: significant(meanB), value: meanB },
    { text: significant(meanA), value: meanA },
  ]
}

function noteOf(comparisons: readonly Comparison[], refused: readonly string[]): string {
  const first = comparisons[0]
  const leftOut = new Set(comparisons.flatMap((comparison) => comparison.leftOut))
  return [
    'The first design of a workload is the measure; the others are held against it, seed by seed, on ' +
      'the same operations.',
    ...(first === undefined
      ? []
      : [
          `Intervals of the mean difference: ${first.level * 100} %, BCa bootstrap, ` +
            `${first.resamples.toLocaleString('en-US')} resamples, seed ${first.seed}.`,
        ]),
    `Under ${PAIRS_MIN} pairs there is no verdict.`,
    ...[...leftOut].map((line) => `Left out: ${line}.`),
    ...refused.map((line) => `Not compared: ${line}.`),
  ].join(' ')
}

function column(name: string, kind: 'words' | 'figure') {
  return { name, kind }
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`.replace('-', '−')
}

function significant(value: number): string {
  const shown = Number(value.toPrecision(4))
  return shown.toLocaleString('en-US', { maximumFractionDigits: 6 }).replace('-', '−')
}
