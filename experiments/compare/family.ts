/**
 * Owns the verdicts of one call. Many differences are tested together, so some would look
 * significant by chance; Holm's correction bounds the probability of any false verdict. The family
 * that it corrects for is every difference of the call that may get a verdict: all metrics of all
 * compared pairs of designs, or only the metrics asked for beforehand. Not in the family: a
 * difference that a failed gate forbids, and one of fewer than ten pairs.
 */
import { differencesNeeded, holmAdjusted } from '../measure/significance.ts'
import {
  type Comparison,
  type Estimate,
  type EstimatedComparison,
  type MetricComparison,
  PAIRS_MIN,
  type Verdict,
} from './comparison.ts'

/** The differences that are tested together. */
export interface Family {
  /** Number of differences. */
  readonly size: number
  /** Names of the metrics asked for beforehand; empty: all metrics are in the family. */
  readonly metrics: readonly string[]
  /** The probability of one or more false verdicts is at most 1 − level. */
  readonly level: number
  /** With fewer pairs no difference can pass the correction. */
  readonly pairsMin: number
}

export function judge(
  estimated: readonly EstimatedComparison[],
  asked: readonly string[],
  level: number,
): { readonly comparisons: readonly Comparison[]; readonly family: Family } {
  const tested = estimated
    .flatMap(({ metrics }) => metrics)
    .filter(({ withheld }) => withheld === null)
  const adjusted = holmAdjusted(tested.map(({ p }) => p!))
  const adjustedOf = new Map(tested.map((estimate, at) => [estimate, adjusted[at]!]))
  const size = tested.length
  const pairsMin = Math.max(PAIRS_MIN, size === 0 ? 0 : differencesNeeded(size, 1 - level))
  const family = { size, metrics: asked, level, pairsMin }
  const comparisons = estimated.map((comparison) => ({
    ...comparison,
    metrics: comparison.metrics.map((estimate) => {
      const { withheld, ...figures } = estimate
      const pAdjusted = adjustedOf.get(estimate) ?? null
      const verdict = withheld ?? verdictOf(estimate, pAdjusted!, comparison.pairs, family)
      return { ...figures, pAdjusted, verdict } satisfies MetricComparison
    }),
  }))
  return { comparisons, family }
}

/** The interval must agree: a difference whose own interval holds zero is never claimed. */
function verdictOf(
  { better, low, high }: Estimate,
  pAdjusted: number,
  pairs: number,
  { level, pairsMin }: Family,
): Verdict {
  if (pairs < pairsMin) return 'too few seeds'
  const holdsZero = low! <= 0 && high! >= 0
  if (holdsZero || pAdjusted > 1 - level) return 'no significant difference'
  const grows = low! > 0
  return grows === (better === 'higher') ? 'better' : 'worse'
}

/** One sentence or two that say what the verdicts are corrected for. */
export function correctionText({ size, metrics, level }: Family): string {
  const several = size === 1 ? 'one difference' : `${size} differences`
  const differences =
    metrics.length === 0
      ? `the ${several} of this call`
      : `the ${several} of ${metrics.join(' and ')}, asked for beforehand (*)`
  const risk = Number(((1 - level) * 100).toPrecision(6))
  const others = metrics.length === 0 ? '' : ' Other metrics are exploratory.'
  return (
    `Verdicts: sign-flip test, corrected for ${differences} (Holm 1979): at most ${risk} % risk ` +
    `of one or more false verdicts. Each interval is for one difference alone.${others}`
  )
}

/** Two significant digits, or a bound below 0.0001. */
export function probabilityText(p: number): string {
  return p < 1e-4 ? '<0.0001' : Number(p.toPrecision(2)).toString()
}
