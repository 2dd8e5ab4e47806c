/**
 * Owns the text of a comparison: the differences, one row for each metric, and the evidence of the
 * verdicts.
 */
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'
import type { Compared } from '../../compare/compare-all.ts'
import { type Comparison, type MetricComparison, PAIRS_MIN } from '../../compare/comparison.ts'
import { text } from '../../compare/pairing.ts'

const HEAD = ['metric', 'A', 'B', 'B − A', 'interval', 'B is']

/** All comparisons, then what was not compared. */
export function comparedText({ comparisons, leftOut }: Compared, look: Look): string {
  const tables = comparisons.map((comparison) => comparisonText(comparison, look))
  const lines = leftOut.map((line) => fitted(`  ${line}`, look))
  const rest = lines.length === 0 ? [] : [['Not compared:', ...lines].join('\n')]
  return [...tables, ...rest].join('\n\n')
}

export function comparisonText(comparison: Comparison, look: Look): string {
  const { a, b, workload, pairs, unpaired, level, resamples, seed } = comparison
  const rows = comparison.metrics.map(rowOf)
  const label = pairs === 1 ? 'single seed' : 'too few seeds'
  const few = pairs < PAIRS_MIN ? [`${label}: a verdict needs ${PAIRS_MIN} pairs`] : []
  return [
    `${workload}: A = ${a}, B = ${b}`,
    ...comparison.configDifferences.map(
      (line) => `  ${line.path}: ${text(line.a)}, ${text(line.b)}`,
    ),
    textTable({ head: HEAD, rows, names: 1, wordsLast: true }, look),
    ...[
      `${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of equal operations${unpaired > 0 ? `, ${unpaired} samples without a partner` : ''}; ` +
        `${level * 100} % intervals of the mean difference, BCa bootstrap, ${resamples} resamples, seed ${seed}`,
      ...few,
      ...comparison.leftOut.map((line) => `left out: ${line}`),
    ].map((line) => fitted(line, look)),
  ].join('\n')
}

function rowOf(line: MetricComparison): string[] {
  const { metric, meanA, meanB, difference, relative, low, high, verdict, labels } = line
  const share = relative === null ? '' : ` (${signed(relative * 100, 1)} %)`
  return [
    metric,
    significant(meanA),
    significant(meanB),
    `${difference > 0 ? '+' : ''}${significant(difference)}${share}`,
    low === null || high === null ? '–' : `${significant(low)} … ${significant(high)}`,
    [verdict, ...labels].join('; '),
  ]
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`
}

function significant(value: number): string {
  return Number(value.toPrecision(4)).toString()
}
