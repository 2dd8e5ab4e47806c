/** Owns the text of a comparison: what differs, a row a metric, and what the verdicts rest on. */
import CliTable from 'cli-table3'
import type { Compared } from './compare-all.ts'
import { type Comparison, type MetricComparison, PAIRS_MIN } from './comparison.ts'
import { text } from './pairing.ts'

const HEAD = ['metric', 'A', 'B', 'B − A', 'interval', 'B is']

/** All comparisons, then what was not compared. */
export function comparedText({ comparisons, leftOut }: Compared, colour: boolean): string {
  const tables = comparisons.map((comparison) => comparisonText(comparison, colour))
  const rest = leftOut.length === 0 ? [] : [['Not compared:', ...leftOut].join('\n  ')]
  return [...tables, ...rest].join('\n\n')
}

export function comparisonText(comparison: Comparison, colour: boolean): string {
  const { a, b, workload, pairs, unpaired, level, resamples, seed } = comparison
  const table = new CliTable({
    head: HEAD,
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: colour ? { head: ['bold'], border: ['grey'] } : { head: [], border: [] },
  })
  for (const metric of comparison.metrics) table.push(rowOf(metric))
  const few =
    pairs < PAIRS_MIN
      ? [
          `${pairs === 1 ? 'single seed' : 'too few seeds'}: ${pairs} of the ${PAIRS_MIN} pairs a verdict takes`,
        ]
      : []
  return [
    `${workload}: A = ${a}, B = ${b}`,
    ...comparison.configDifferences.map(
      (line) => `  ${line.path}: ${text(line.a)}, ${text(line.b)}`,
    ),
    table.toString(),
    `${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of equal operations${unpaired > 0 ? `, ${unpaired} samples without a partner` : ''}; ` +
      `${level * 100} % intervals of the mean difference, BCa bootstrap, ${resamples} resamples, seed ${seed}`,
    ...few,
    ...comparison.leftOut.map((line) => `left out: ${line}`),
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
