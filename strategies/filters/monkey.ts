/**
 * Owns the allocation with the least sum of false-positive rates. One more bit per key costs a run
 * as many bits as it has keys, and lowers its rate by the fall of the curve. So small runs get long
 * filters, and the largest may get none. Source: Monkey (SIGMOD '17) §4.1. The paper's closed form
 * assumes full levels and exp(−b·ln²2); here actual run sizes and the filter's own curve are used.
 *
 * Water-filling: at a price λ a run of n keys takes bits until one more bit per key would save less
 * than λ·n. Bisection finds the price at which the budget is spent. That is optimal for a convex
 * curve, so the lower convex hull of the curve is used, sampled at every eighth of a bit. (A
 * blocked filter of less than one bit per key is worse than none; the hull is straight there.)
 */

import { assert } from '../../engine/base/assert.ts'
import { type FilterCurve, falsePositives } from './filter-allocation.ts'
import { uniform } from './uniform.ts'

const STEP_BITS = 1 / 8
/** More bits per key lower the rate too little to be worth the memory. */
const BITS_MAX = 64
/** Bisection steps; enough for all digits of a double. */
const BISECTIONS = 60

export function monkey(
  entries: readonly number[],
  bitsPerKey: number,
  curve: FilterCurve,
): readonly number[] {
  assert(
    entries.every((count) => count > 0),
    'runs have keys',
  )
  const equal = uniform(entries, bitsPerKey)
  if (bitsPerKey <= 0 || bitsPerKey >= BITS_MAX || entries.length < 2) return equal
  const hull = hullOf(curve)
  const budget = bitsPerKey * sumOf(entries)
  const at = (logPrice: number) => entries.map((keys) => hull.bitsAt(Math.exp(logPrice) * keys))
  const spent = (bits: readonly number[]) => sumOf(bits.map((each, run) => each * entries[run]!))
  // At the highest price nothing is bought, at the lowest everything.
  let dear = Math.log(hull.slopeMax / Math.min(...entries)) + 1
  let cheap = Math.log(hull.slopeMin / Math.max(...entries)) - 1
  for (let round = 0; round < BISECTIONS; round++) {
    const middle = (dear + cheap) / 2
    if (spent(at(middle)) > budget) cheap = middle
    else dear = middle
  }
  // The two differ by one straight part of the hull, along which all points are equally good.
  const [less, more] = [at(dear), at(cheap)]
  const [from, to] = [spent(less), spent(more)]
  const share = to > from ? (budget - from) / (to - from) : 0
  const bits = less.map((each, run) => each + share * (more[run]! - each))
  return falsePositives(bits, curve) <= falsePositives(equal, curve) ? bits : equal
}

interface Hull {
  readonly slopeMax: number
  readonly slopeMin: number
  /** The most bits such that each of them lowers the rate by `slope` or more. */
  bitsAt(slope: number): number
}

const hulls = new WeakMap<FilterCurve, Hull>()

function hullOf(curve: FilterCurve): Hull {
  const known = hulls.get(curve)
  if (known !== undefined) return known
  const bits: number[] = [0]
  const slopes: number[] = []
  for (let next = STEP_BITS; next <= BITS_MAX; next += STEP_BITS) {
    const fall = () => (curve(bits.at(-1)!) - curve(next)) / (next - bits.at(-1)!)
    while (slopes.length > 0 && fall() >= slopes.at(-1)!) {
      bits.pop()
      slopes.pop()
    }
    if (fall() <= 0) break
    slopes.push(fall())
    bits.push(next)
  }
  const hull: Hull = {
    slopeMax: slopes[0]!,
    slopeMin: slopes.at(-1)!,
    bitsAt: (slope) => bits[countWhile(slopes, (each) => each >= slope)]!,
  }
  hulls.set(curve, hull)
  return hull
}

/** Number of leading values for which `holds` is true; it must not be true for later ones. */
function countWhile(values: readonly number[], holds: (value: number) => boolean): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(values[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
