/** Compares drawn numbers with the probabilities of a distribution. */

/** Bins with a smaller expectation are merged, because their χ² has another distribution. */
const EXPECTED_MIN = 10

/**
 * How far `counts` are from `probabilities`, in standard deviations of χ²: about 0 if they agree,
 * and nearly always in −3 … 4. The probabilities sum to one; numbers beyond them are an error.
 */
export function chiSquareDeviation(
  counts: readonly number[],
  probabilities: readonly number[],
): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let statistic = 0
  let bins = 0
  let expected = 0
  let observed = 0
  for (const [at, probability] of probabilities.entries()) {
    expected += probability * total
    observed += counts[at] ?? 0
    if (expected < EXPECTED_MIN && at < probabilities.length - 1) continue
    statistic += (observed - expected) ** 2 / expected
    bins++
    expected = 0
    observed = 0
  }
  const freedom = bins - 1
  return (statistic - freedom) / Math.sqrt(2 * freedom)
}

/** How often each of 0 … bins − 1 was drawn. Throws for any other number. */
export function countDraws(bins: number, draws: number, next: () => number): number[] {
  const counts = new Array<number>(bins).fill(0)
  for (let i = 0; i < draws; i++) {
    const drawn = next()
    if (!Number.isInteger(drawn) || drawn < 0 || drawn >= bins) throw new Error(`drew ${drawn}`)
    counts[drawn]!++
  }
  return counts
}

/** Probabilities of 0 … bins − 1 from a distribution function: P(at) = F(at + 1) − F(at). */
export function fromCumulative(bins: number, cumulative: (x: number) => number): number[] {
  return Array.from({ length: bins }, (_, at) => cumulative(at + 1) - cumulative(at))
}

/** Scales weights in any unit so that they sum to one. */
export function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** Φ, with an error of at most 1.5·10^−7 (Abramowitz & Stegun 7.1.26). */
export function normalCumulative(x: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(x) / Math.SQRT2))
  const poly =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - poly * Math.exp((-x * x) / 2)
  return x >= 0 ? (1 + erf) / 2 : (1 - erf) / 2
}
