/**
 * Owns the text of a comparison: the differences, one row for each metric, and the evidence of the
 * verdicts.
 */
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'
import type { Compared } from '../../compare/compare-all.ts'
import { type Comparison, type MetricComparison, PAIRS_MIN } from '../../compare/comparison.ts'
import { correctionText, type Family, probabilityText } from '../../compare/family.ts'
import { text } from '../../compare/pairing.ts'

const HEAD = ['metric', 'A', 'B', 'B − A', 'interval', 'p, Holm', 'B is']

/** All comparisons, then what the verdicts are corrected for, and what was not compared. */
export function comparedText({ comparisons, family, leftOut }: Compared, look: Look): string {
  const tables = comparisons.map((comparison) => comparisonText(comparison, family, look))
  if (family.size > 0) tables.push(fitted(correctionText(family), look))
  const lines = leftOut.map((line) => fitted(`  ${line}`, look))
  const rest = lines.length === 0 ? [] : [['Not compared:', ...lines].join('\n')]
  return [...tables, ...rest].join('\n\n')
}

function comparisonText(comparison: Comparison, family: Family, look: Look): string {
  const { a, b, workload, pairs, unpaired, level, resamples, seed } = comparison
  const rows = comparison.metrics.map(rowOf)
  return [
    `${workload}: A = ${a}, B = ${b}`,
    ...comparison.configDifferences.map(
      (line) => `  ${line.path}: ${text(line.a)}, ${text(line.b)}`,
    ),
    textTable({ head: HEAD, rows, names: 1, wordsLast: true }, look),
    ...[
      `${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of equal operations${unpaired > 0 ? `, ${unpaired} samples without a partner` : ''}; ` +
        `${level * 100} % intervals of the mean difference, BCa bootstrap, ${resamples} resamples, seed ${seed}`,
      ...tooFew(pairs, family),
      ...comparison.leftOut.map((line) => `left out: ${line}`),
    ].map((line) => fitted(line, look)),
  ].join('\n')
}

function tooFew(pairs: number, { size, pairsMin }: Family): string[] {
  const label = pairs === 1 ? 'single seed' : 'too few seeds'
  if (pairs < PAIRS_MIN) return [`${label}: a verdict needs ${PAIRS_MIN} pairs`]
  if (pairs >= pairsMin) return []
  return [
    `${label}: ${size} verdicts at once need ${pairsMin} pairs; ` +
      '--metric chooses fewer beforehand',
  ]
}

function rowOf(line: MetricComparison): string[] {
  const { metric, meanA, meanB, difference, relative, low, high, labels } = line
  const { verdict, primary, pAdjusted } = line
  const share = relative === null ? '' : ` (${signed(relative * 100, 1)} %)`
  return [
    primary ? `${metric} *` : metric,
    significant(meanA),
    significant(meanB),
    `${difference > 0 ? '+' : ''}${significant(difference)}${share}`,
    low === null || high === null ? '–' : `${significant(low)} … ${significant(high)}`,
    pAdjusted === null ? '–' : probabilityText(pAdjusted),
    [verdict, ...labels].join('; '),
  ]
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`
}

function significant(value: number): string {
  return Number(value.toPrecision(4)).toString()
}
