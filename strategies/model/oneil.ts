/**
 * Owns the first cost model of LSM-trees: O'Neil, Cheng, Gawlick & O'Neil, Acta Informatica 1996.
 * Components of sizes S_0 < S_1 < … < S_K, S_0 in memory, roll into one another; r_i = S_i/S_{i−1}.
 */

import { sum } from './fluid-point.ts'

/**
 * H = (2R/S_p)(Σ(1 + r_i) − 1/2): pages a second read and written by merging, R bytes a second
 * inserted, S_p bytes a page. With equal ratios it is Thm 3.1's (2R/S_p)(K(1 + r) − 1/2).
 */
export function mergeRate(ratios: readonly number[], R: number, pageBytes: number): number {
  return ((2 * R) / pageBytes) * (sum(ratios.map((r) => 1 + r)) - 1 / 2)
}

/** Thm 3.1: with S_0 and S_K fixed, H is least when all ratios are (S_K/S_0)^(1/K). */
export function ratiosForFixedEnds(sizeRatioTotal: number, components: number): readonly number[] {
  return Array.from({ length: components }, () => sizeRatioTotal ** (1 / components))
}

/**
 * Thm 3.2: with S_0 and the sum of sizes fixed, H is least when r_{K−1} = r_K + 1,
 * r_{K−2} = r_{K−1} + 1/r_{K−1}, r_{K−3} = r_{K−2} + 1/(r_{K−2}·r_{K−1}), …; bisection finds r_K.
 * `totalRatio` is Σ S_i/S_0 and includes S_0. If it is too small for an r_K above 0, fewer
 * components are better.
 */
export function ratiosForFixedTotal(totalRatio: number, components: number): readonly number[] {
  let low = 0
  let high = totalRatio
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2
    if (totalOf(ratiosUpFrom(middle, components)) < totalRatio) low = middle
    else high = middle
  }
  return ratiosUpFrom((low + high) / 2, components)
}

/** Σ S_i/S_0, i = 0 … K. */
export function totalOf(ratios: readonly number[]): number {
  let size = 1
  let total = 1
  for (const ratio of ratios) {
    size *= ratio
    total += size
  }
  return total
}

/** r_1 … r_K from r_K. */
function ratiosUpFrom(last: number, components: number): readonly number[] {
  const ratios = [last]
  let product = 1
  while (ratios.length < components) {
    if (ratios.length > 1) product *= ratios[0]!
    ratios.unshift(ratios[0]! + 1 / product)
  }
  return ratios
}
