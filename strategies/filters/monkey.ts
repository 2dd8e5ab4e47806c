/**
 * Owns the allocation with the least sum of false positive rates: a bit for every key of a run
 * costs as many bits as the run has keys and buys the curve's fall, so small runs get long filters
 * and the largest may get none. Source: Monkey (SIGMOD '17) §4.1; exact here over actual run sizes
 * and the filter's own curve, where the paper's closed form assumes full levels and exp(−b·ln²2).
 *
 * Water-filling: at a price λ a run of n keys takes bits up to where one more a key saves less than
 * λ·n; the price at which the budget is spent is found by bisection. That is optimal for a convex
 * curve, so it is done on the lower convex hull of the curve's values at every eighth of a bit
 * (a blocked filter of less than a bit a key is worth less than none: the hull is straight there).
 */

import { assert } from '../../engine/base/assert.ts'
import { type FilterCurve, falsePositives } from './filter-allocation.ts'
import { uniform } from './uniform.ts'

const STEP_BITS = 1 / 8
/** Beyond, a filter lets nothing through that would be worth the memory. */
const BITS_MAX = 64
/** Halvings of the price's logarithm: enough for every digit of a double. */
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
  // The dearest price buys nothing, the cheapest everything.
  let dear = Math.log(hull.slopeMax / Math.min(...entries)) + 1
  let cheap = Math.log(hull.slopeMin / Math.max(...entries)) - 1
  for (let round = 0; round < BISECTIONS; round++) {
    const middle = (dear + cheap) / 2
    if (spent(at(middle)) > budget) cheap = middle
    else dear = middle
  }
  // The two differ by one straight stretch of the hull, along which all is equally good.
  const [less, more] = [at(dear), at(cheap)]
  const [from, to] = [spent(less), spent(more)]
  const share = to > from ? (budget - from) / (to - from) : 0
  const bits = less.map((each, run) => each + share * (more[run]! - each))
  return falsePositives(bits, curve) <= falsePositives(equal, curve) ? bits : equal
}

interface Hull {
  readonly slopeMax: number
  readonly slopeMin: number
  /** The most bits every one of which still lowers the rate by `slope` or more. */
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

/** How many of the first values hold; those that hold stand before those that do not. */
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
