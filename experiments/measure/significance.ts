/**
 * Owns p-values: that of one mean difference, and the correction for several of them. Invariant:
 * equal values and seeds give equal p-values.
 *
 * Sources: R. A. Fisher, "The Design of Experiments" (1935), §21, for the sign-flip test; B.
 * Phipson and G. K. Smyth, "Permutation p-values should never be zero" (2010), for drawn signs; S.
 * Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 * Statistics 6 (1979), for the correction.
 */
import { createRandom, deriveSeed } from '../../engine/base/random.ts'

/** All choices of signs are counted up to here: half a million sums, since a sum and −sum tie. */
const EXACT_COUNT_MAX = 20
const DRAWS = 100_000
/** Rounding must not break ties: a sum this close to the observed one, relatively, is equal. */
const TIE = 1e-9

/**
 * Two-sided p-value of the mean of paired differences. If two designs do not differ, every
 * difference has the opposite sign with equal probability. The p-value is the share of all choices
 * of signs whose sum is at least as far from 0 as the observed sum. It assumes no normal law.
 * Above 20 differences the choices are drawn at random.
 */
export function signFlipP(differences: readonly number[], seed: number): number {
  const sum = differences.reduce((total, value) => total + value, 0)
  const scale = differences.reduce((total, value) => total + Math.abs(value), 0)
  const least = Math.abs(sum) - TIE * scale
  return differences.length <= EXACT_COUNT_MAX
    ? shareOfAll(differences, sum, least)
    : shareOfDrawn(differences, least, seed)
}

/** Gray code order: each choice differs from the one before in one sign. The last sign is fixed. */
function shareOfAll(differences: readonly number[], sum: number, least: number): number {
  const signed = Float64Array.from(differences)
  const choices = 2 ** (differences.length - 1)
  let reached = 1
  let total = sum
  for (let choice = 1; choice < choices; choice++) {
    const flipped = 31 - Math.clz32(choice & -choice)
    total -= 2 * signed[flipped]!
    signed[flipped] = -signed[flipped]!
    if (Math.abs(total) >= least) reached++
  }
  return reached / choices
}

/** The observed choice is counted too. */
function shareOfDrawn(differences: readonly number[], least: number, seed: number): number {
  const random = createRandom(deriveSeed(seed, 'sign-flip'))
  let reached = 1
  for (let draw = 0; draw < DRAWS; draw++) {
    let bits = 0
    let total = 0
    for (let at = 0; at < differences.length; at++) {
      if (at % 32 === 0) bits = random.nextU32()
      total += (bits & 1) === 1 ? differences[at]! : -differences[at]!
      bits >>>= 1
    }
    if (Math.abs(total) >= least) reached++
  }
  return reached / (DRAWS + 1)
}

/**
 * The number of differences, at most 20, from which the smallest possible p-value times `tests` is
 * at most `risk`.
 */
export function differencesNeeded(tests: number, risk: number): number {
  return 1 + Math.ceil(Math.log2(tests / risk))
}

/**
 * Holm's adjusted p-values, in the order given. To call a test significant if its adjusted value is
 * at most α keeps the probability of one or more false calls among all tests at most α, however the
 * tests depend on each other.
 */
export function holmAdjusted(pValues: readonly number[]): readonly number[] {
  const adjusted = new Array<number>(pValues.length)
  const ascending = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!)
  let least = 0
  for (const [rank, at] of ascending.entries()) {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[at]!))
    adjusted[at] = least
  }
  return adjusted
}
