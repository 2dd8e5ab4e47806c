/**
 * Owns symbols whose area shows a value. Vega's `size` is the square around a symbol, and each
 * shape fills a different share of it. Here the inked area is proportional to the value, from zero.
 */

/** Inked area ÷ area of the square around it, computed from the outlines of Vega's symbols. */
const FILLED: Readonly<Record<string, number>> = {
  circle: Math.PI / 4,
  cross: 0.64,
  diamond: 0.5,
  square: 1,
  'triangle-up': Math.sqrt(3) / 4,
  'triangle-down': Math.sqrt(3) / 4,
  'triangle-right': Math.sqrt(3) / 4,
  'triangle-left': Math.sqrt(3) / 4,
}

/** Inked area of the largest value, in square pixels at a page's text width. */
const AREA_MAX = 130

/** Vega's `size` of a symbol that shows `value`; `most` is the largest value shown. */
export function symbolSize(value: number, most: number, shape: string): number {
  return (AREA_MAX * value) / most / FILLED[shape]!
}
