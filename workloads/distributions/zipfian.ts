/**
 * Owns the Zipfian distribution: the lowest item is the most popular. Gray et al., "Quickly
 * Generating Billion-Record Synthetic Databases", SIGMOD 1994, as in YCSB 0.17.0's
 * `ZipfianGenerator`, with its two peculiarities: the constructor draws one number and discards it,
 * and η keeps the item count of construction when the count grows later.
 */

import type { JavaRandom } from '../java-random.ts'
import type { NumberGenerator } from './number-generator.ts'

export const ZIPFIAN_CONSTANT = 0.99

export class Zipfian implements NumberGenerator {
  readonly #random: JavaRandom
  readonly #lower: number
  readonly #items: number
  readonly #theta: number
  readonly #alpha: number
  /** If u·ζₙ is below this, the second item is chosen. */
  readonly #secondItemBound: number
  #zetaCount: number
  #zeta: number
  #eta: number

  /** Items lower … upper, both inclusive. A known `zeta` avoids the sum over all items. */
  constructor(random: JavaRandom, lower: number, upper: number, zeta?: number) {
    const theta = ZIPFIAN_CONSTANT
    this.#random = random
    this.#lower = lower
    this.#items = upper - lower + 1
    this.#theta = theta
    this.#alpha = 1 / (1 - theta)
    this.#secondItemBound = 1 + 0.5 ** theta
    this.#zetaCount = this.#items
    this.#zeta = zeta ?? zetaSum(0, this.#items, theta, 0)
    this.#eta = this.#etaOf(this.#zeta)
    this.next()
  }

  #etaOf(zeta: number): number {
    const zetaOfTwo = zetaSum(0, 2, this.#theta, 0)
    return (1 - (2 / this.#items) ** (1 - this.#theta)) / (1 - zetaOfTwo / zeta)
  }

  next(): number {
    return this.nextOf(this.#items)
  }

  /** A number as if there were `items` items. ζ grows with the count, and never shrinks. */
  nextOf(items: number): number {
    if (items > this.#zetaCount) {
      this.#zeta = zetaSum(this.#zetaCount, items, this.#theta, this.#zeta)
      this.#zetaCount = items
      this.#eta = this.#etaOf(this.#zeta)
    }
    const uniform = this.#random.nextDouble()
    const scaled = uniform * this.#zeta
    if (scaled < 1) return this.#lower
    if (scaled < this.#secondItemBound) return this.#lower + 1
    const eta = this.#eta
    const rank = Math.floor(items * (eta * uniform - eta + 1) ** this.#alpha)
    // If built over no items ("latest" after one record), η is NaN; Java casts that to 0.
    return this.#lower + (rank || 0)
  }
}

/** Σ 1/i^θ for i in from + 1 … to, added to `sum`: O(to − from). */
export function zetaSum(from: number, to: number, theta: number, sum: number): number {
  let zeta = sum
  for (let i = from; i < to; i++) zeta += 1 / (i + 1) ** theta
  return zeta
}
