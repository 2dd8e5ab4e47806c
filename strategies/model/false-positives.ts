/**
 * Owns false-positive curves of filters, and the best division of a filter budget among runs: the
 * fewest false positives of a zero-result lookup, Σ p over all runs, for so many bits in all. The
 * ideal Bloom filter is divided in closed form; any other curve (a blocked filter lies 18 % above
 * the ideal at 10 bits) along the lower convex hull of its samples, where filling the steepest
 * segment first is optimal. Both clamp p at 1 and work on actual run sizes, so they hold below the
 * threshold where the papers' closed forms do not.
 */

import { falsePositiveRate } from '../../engine/table/filter.ts'
import type { LevelRuns } from './levels.ts'

/** ln(2)²: FPR = exp(−bits·ln²2) with the optimal number of hashes. */
export const LN2_SQUARED = Math.LN2 ** 2

/** The share of absent keys that pass a filter of so many bits an entry; 1 at 0, falling. */
export type FalsePositiveCurve = (bitsPerEntry: number) => number

export const idealCurve: FalsePositiveCurve = (bitsPerEntry) =>
  Math.exp(-bitsPerEntry * LN2_SQUARED)

/** Samples of the engine's curve at every 1/16 bit, made when they are needed. */
const CURVE_STEP_BITS = 1 / 16
const engineSamples: number[] = []

/** The engine's own filter. Between samples rates are interpolated: one takes a tenth of a ms. */
export const engineCurve: FalsePositiveCurve = (bitsPerEntry) => {
  const at = bitsPerEntry / CURVE_STEP_BITS
  const below = engineSample(Math.floor(at))
  const share = at - Math.floor(at)
  return share === 0 ? below : below ** (1 - share) * engineSample(Math.floor(at) + 1) ** share
}

function engineSample(index: number): number {
  engineSamples[index] ??= falsePositiveRate(index * CURVE_STEP_BITS)
  return engineSamples[index]
}

/**
 * The least Σ runs·p under the ideal curve, as p for each level: p = min(1, λ·entries), with λ such
 * that the bits add up to `bitsTotal` (Monkey's division, by Lagrange's rule). If a run gets no
 * bits, no run of its size or larger gets any. So the unfiltered levels are found by trying them in
 * order of size.
 */
export function divideIdeal(levels: readonly LevelRuns[], bitsTotal: number): readonly number[] {
  const bySize = levels.map((_, index) => index).sort((a, b) => sizeAt(b) - sizeAt(a))
  function sizeAt(index: number) {
    return levels[index]!.entries
  }
  for (let unfiltered = 0; unfiltered < bySize.length; unfiltered++) {
    const filtered = bySize.slice(unfiltered).map((index) => levels[index]!)
    const entries = total(filtered, ({ entries }) => entries)
    const weighted = total(filtered, ({ entries }) => entries * Math.log(entries))
    const logMultiplier = -(bitsTotal * LN2_SQUARED + weighted) / entries
    if (logMultiplier + Math.log(filtered[0]!.entries) > 0) continue
    const open = new Set(bySize.slice(0, unfiltered))
    return levels.map((level, index) =>
      open.has(index) ? 1 : Math.exp(logMultiplier + Math.log(level.entries)),
    )
  }
  return levels.map(() => 1)
}

/** Samples of a curve on its lower convex hull, by bits ascending. */
interface Sample {
  readonly bits: number
  readonly rate: number
}

const SAMPLE_BITS = 1 / 8
const SAMPLED_BITS_MAX = 64

/** The hull of the curve's samples at every 1/8 bit. One hull serves for many budgets. */
export function hullOf(curve: FalsePositiveCurve): readonly Sample[] {
  const hull: Sample[] = []
  for (let bits = 0; bits <= SAMPLED_BITS_MAX; bits += SAMPLE_BITS) {
    const next = { bits, rate: curve(bits) }
    while (hull.length > 1 && slope(hull.at(-2)!, hull.at(-1)!) >= slope(hull.at(-2)!, next)) {
      hull.pop()
    }
    hull.push(next)
  }
  return hull
}

/** As `divideIdeal`, for the curve of this hull: takes the steepest fall per bit first. */
export function divideAlong(
  hull: readonly Sample[],
  levels: readonly LevelRuns[],
  bitsTotal: number,
): readonly number[] {
  const offers = levels.flatMap(({ runs, entries }, level) =>
    hull.slice(1).map((to, index) => {
      const from = hull[index]!
      const fall = from.rate - to.rate
      const width = to.bits - from.bits
      return { level, fall, cost: runs * entries * width, steepness: fall / width / entries }
    }),
  )
  offers.sort((a, b) => b.steepness - a.steepness)
  const rates = levels.map(() => hull[0]!.rate)
  let left = bitsTotal
  for (const { level, fall, cost } of offers) {
    const share = Math.min(1, left / cost)
    rates[level] = Math.max(0, rates[level]! - share * fall)
    left -= share * cost
    if (left <= 0) break
  }
  return rates
}

function slope(from: Sample, to: Sample): number {
  return (to.rate - from.rate) / (to.bits - from.bits)
}

function total(levels: readonly LevelRuns[], of: (level: LevelRuns) => number): number {
  return levels.reduce((sum, level) => sum + level.runs * of(level), 0)
}
