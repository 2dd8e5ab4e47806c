/** Owns the text of a comparison: what differs, a row a metric, and what the verdicts rest on. */
import type { Look } from '../cli/terminal.ts'
import { fitted, textTable } from '../cli/text-table.ts'
import { type Comparison, type MetricComparison, PAIRS_MIN } from './comparison.ts'
import { text } from './pairing.ts'

const HEAD = ['metric', 'A', 'B', 'B − A', 'interval', 'B is']

export function comparisonText(comparison: Comparison, look: Look): string {
  const { a, b, workload, pairs, unpaired, level, resamples, seed } = comparison
  const rows = comparison.metrics.map(rowOf)
  const few =
    pairs < PAIRS_MIN ? [`single seed: ${pairs} of the ${PAIRS_MIN} pairs a verdict takes`] : []
  return [
    `${workload}: A = ${a}, B = ${b}`,
    ...comparison.configDifferences.map(
      (line) => `  ${line.path}: ${text(line.a)}, ${text(line.b)}`,
    ),
    textTable({ head: HEAD, rows, names: 1, wordsLast: true }, look),
    ...[
      `${pairs} pairs of equal operations${unpaired > 0 ? `, ${unpaired} results without a partner` : ''}; ` +
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
