/**
 * Owns how a contradiction between two figures is found and worded: the wrong field, its value, and
 * the value that another field demands. A figure of null was not measured and contradicts nothing.
 */

export interface Contradiction {
  /** Path in the result, as in the schema. */
  readonly field: string
  readonly why: string
}

type Figure = number | null | undefined

/** Sums of floats and quotients of sums may differ in their last digits. */
const ROUNDING = 1e-9

export class Findings {
  readonly contradictions: Contradiction[] = []

  add(field: string, why: string): void {
    this.contradictions.push({ field, why })
  }

  equal(field: string, value: Figure, expected: Figure, what: string): void {
    if (value == null || expected == null || value === expected) return
    this.add(field, `${value} is not ${what}, ${expected}`)
  }

  /** As `equal`, for figures that were computed instead of counted. */
  near(field: string, value: Figure, expected: Figure, what: string): void {
    if (value == null || expected == null) return
    const slack = ROUNDING * Math.max(1, Math.abs(expected))
    if (Math.abs(value - expected) <= slack) return
    this.add(field, `${value} is not ${what}, ${expected}`)
  }

  atMost(field: string, value: Figure, most: Figure, what: string): void {
    if (value == null || most == null || value <= most) return
    this.add(field, `${value} is more than ${what}, ${most}`)
  }

  /** A ratio must equal its quotient, and must be null exactly if the denominator is zero. */
  ratio(field: string, ratio: number | null, numerator: Figure, denominator: Figure): void {
    if (numerator == null || denominator == null) return
    if (denominator === 0) {
      if (ratio !== null) this.add(field, `${ratio} has a denominator of 0; expected null`)
    } else if (ratio === null) {
      this.add(field, `null, though its denominator is ${denominator}`)
    } else {
      this.near(field, ratio, numerator / denominator, `${numerator} ÷ ${denominator}`)
    }
  }

  /** As `ratio`, for figures that a target may not know. */
  knownRatio(field: string, ratio: number | null, numerator: number, denominator: number): void {
    if (ratio !== null) this.ratio(field, ratio, numerator, denominator)
  }

  /** No figure is smaller than the previous one. Figures of null are skipped. */
  ascending(base: string, figures: Readonly<Record<string, Figure>>): void {
    const known = Object.entries(figures).filter((entry) => entry[1] != null)
    for (const [at, [name, value]] of known.entries()) {
      const next = known[at + 1]
      if (next !== undefined) this.atMost(`${base}.${name}`, value, next[1], next[0])
    }
  }
}

export function sumOf<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0)
}

export function total(record: Readonly<Record<string, number>>): number {
  return sumOf(Object.values(record), (value) => value)
}
