/**
 * Owns the exact Zipfian: rank k of 1 … n has probability k^−θ / ζ(n, θ), for any θ > 0. It takes
 * constant time and does not compute ζ: rejection-inversion (Hörmann & Derflinger,
 * "Rejection-Inversion to Generate Variates from Monotone Discrete Distributions", ACM TOMACS 6(3),
 * 1996). The number of items may change from call to call. (`zipfian.ts` is YCSB's approximation,
 * used for YCSB's streams.)
 */

import type { JavaRandom } from '../java-random.ts'

export class ZipfRanks {
  readonly #random: JavaRandom
  readonly #theta: number
  readonly #integralOfOne: number
  readonly #acceptBelow: number
  #items = 0
  #integralOfItems = 0

  constructor(random: JavaRandom, theta: number) {
    this.#random = random
    this.#theta = theta
    this.#integralOfOne = integral(1.5, theta) - 1
    this.#acceptBelow = 2 - integralInverse(integral(2.5, theta) - 2 ** -theta, theta)
  }

  /** From 0 (the most popular) to items − 1. */
  next(items: number): number {
    if (items !== this.#items) {
      this.#items = items
      this.#integralOfItems = integral(items + 0.5, this.#theta)
    }
    const theta = this.#theta
    for (;;) {
      const spread = this.#integralOfOne - this.#integralOfItems
      const area = this.#integralOfItems + this.#random.nextDouble() * spread
      const point = integralInverse(area, theta)
      const rank = Math.min(Math.max(Math.round(point), 1), items)
      if (rank - point <= this.#acceptBelow) return rank - 1
      if (area >= integral(rank + 0.5, theta) - rank ** -theta) return rank - 1
    }
  }
}

/** ∫ x^−θ dx from 1, which is ln x at θ = 1. */
function integral(x: number, theta: number): number {
  const log = Math.log(x)
  return expRatio((1 - theta) * log) * log
}

function integralInverse(y: number, theta: number): number {
  const scaled = Math.max(y * (1 - theta), -1)
  return Math.exp(logRatio(scaled) * y)
}

/** (e^x − 1) / x, exact near 0. */
function expRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2
}

/** ln(1 + x) / x, exact near 0. */
function logRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2
}
