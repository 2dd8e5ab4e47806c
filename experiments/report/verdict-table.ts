/**
 * Owns the table of verdicts. The first design of each workload is the baseline; every other design
 * is compared with it, sample by sample. Differences, intervals and verdicts come from the
 * comparison room. Designs that it does not compare are listed with the reason.
 */
import type { AnyResult } from '../../results/identity.ts'
import { UsageError } from '../base/usage-error.ts'
import { type Compared, compareAll } from '../compare/compare-all.ts'
import type { Comparison, MetricComparison, Verdict } from '../compare/comparison.ts'
import { correctionText, type Family, judge, probabilityText } from '../compare/family.ts'
import { type ReportCell, type ReportTable, words } from './report-table.ts'

const OPTIONS = {
  across: ['engine', 'target'],
  baseline: null,
  level: 0.95,
  seed: 42,
  resamples: 10_000,
} as const

/** Verdicts that are highlighted. */
const MARKS: Partial<Readonly<Record<Verdict, NonNullable<ReportCell['mark']>>>> = {
  better: 'good',
  worse: 'bad',
}

export function verdictTable(
  results: readonly AnyResult[],
  metrics: readonly string[],
): ReportTable {
  const { comparisons, family, leftOut } = compared(results, metrics)
  return {
    id: 'verdicts',
    title: 'Verdicts',
    note: noteOf(comparisons, family, leftOut),
    columns: [
      ...['workload', 'design', 'against', 'metric', 'the design is'].map((name) =>
        column(name, 'words'),
      ),
      ...['difference', '95 % from', 'to', 'p, Holm', 'design’s mean', 'other’s mean'].map((name) =>
        column(name, 'figure'),
      ),
    ],
    rows: comparisons.flatMap((comparison) =>
      comparison.metrics.map((metric) => rowOf(comparison, metric)),
    ),
  }
}

/** Empty if all results are of one design. */
function compared(results: readonly AnyResult[], metrics: readonly string[]): Compared {
  try {
    return compareAll(results, { ...OPTIONS, metrics })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const { comparisons, family } = judge([], [], OPTIONS.level)
    return { comparisons, family, leftOut: [error.message] }
  }
}

function rowOf({ workload, a, b }: Comparison, metric: MetricComparison): readonly ReportCell[] {
  const { meanA, meanB, difference, relative, low, high, pAdjusted, verdict, labels } = metric
  const name = metric.primary ? `${metric.metric} *` : metric.metric
  const share = relative === null ? '' : ` (${signed(relative * 100, 1)} %)`
  const mark = MARKS[verdict]
  return [
    ...[workload, b, a, name].map(words),
    { text: [verdict, ...labels].join('; '), ...(mark === undefined ? {} : { mark }) },
    { text: `${difference > 0 ? '+' : ''}${significant(difference)}${share}`, value: difference },
    { text: low === null ? '–' : significant(low), value: low },
    { text: high === null ? '–' : significant(high), value: high },
    { text: pAdjusted === null ? '–' : probabilityText(pAdjusted), value: pAdjusted },
    { text: significant(meanB), value: meanB },
    { text: significant(meanA), value: meanA },
  ]
}

function noteOf(
  comparisons: readonly Comparison[],
  family: Family,
  refused: readonly string[],
): string {
  const first = comparisons[0]
  const leftOut = new Set(comparisons.flatMap((comparison) => comparison.leftOut))
  return [
    'The first design of a workload is the baseline; the others are compared with it, seed by seed, ' +
      'on the same operations.',
    ...(first === undefined
      ? []
      : [
          `Intervals of the mean difference: ${first.level * 100} %, BCa bootstrap, ` +
            `${first.resamples.toLocaleString('en-US')} resamples, seed ${first.seed}.`,
        ]),
    ...(family.size === 0 ? [] : [correctionText(family)]),
    `With fewer than ${family.pairsMin} pairs there is no verdict.`,
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
