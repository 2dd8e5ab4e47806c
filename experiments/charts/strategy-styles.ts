/**
 * Owns the look and the order of strategies. Invariant: both depend only on a strategy's name,
 * never on the other contents of a figure, so that a strategy looks the same in every figure.
 */

import type { AnyResult } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import { SERIES_STYLES, type SeriesStyle, seriesStyle } from './theme.ts'

/** Places never change: append, never insert. */
const PLACES: readonly string[] = [
  ...['leveling', 'leveling-partial', 'tiering', 'lazy-leveling', 'fluid', '1-leveling', 'k-lsm'],
  ...['dynamic-leveled', 'delete-aware', 'composed', 'universal', 'fifo', 'time-window'],
  ...['lsm-bush', 'spooky', 'fragmented', 'incremental-tiering', 'unified'],
]

const STYLES = SERIES_STYLES.length
/** Combinations of colour and shape; this many strategies look different. */
const LOOKS = STYLES * STYLES
/** Odd, so that every shape is used before one repeats. */
const SHAPE_STEP = 3

/** A strategy outside the table gets a place after it, which depends only on its name. */
export function strategyStyle(name: string): SeriesStyle {
  const known = PLACES.indexOf(name)
  const place = known >= 0 ? known : PLACES.length + (hashOf(name) % (LOOKS - PLACES.length))
  return varied(place % STYLES, SHAPE_STEP * Math.floor(place / STYLES))
}

/**
 * The styles of the series of one figure, given the strategy of each. Series of one strategy share
 * its colour and differ in dash and shape. If all series are of one strategy, they differ in
 * colour, dash and shape.
 */
export function stylesOf(strategies: readonly string[]): readonly SeriesStyle[] {
  if (strategies.length > 1 && new Set(strategies).size === 1) {
    return strategies.map((_, index) => seriesStyle(index))
  }
  const seen = new Map<string, number>()
  return strategies.map((name) => {
    const variant = seen.get(name) ?? 0
    seen.set(name, variant + 1)
    const { colour, shape } = strategyStyle(name)
    const shapeIndex = SERIES_STYLES.findIndex((style) => style.shape === shape)
    return { ...seriesStyle(shapeIndex + variant), colour }
  })
}

/**
 * The results in this order: strategies of the table, other strategies, peers. Results of one
 * strategy stay in the order given.
 */
export function inStrategyOrder<Result extends AnyResult>(
  results: readonly Result[],
): readonly Result[] {
  const rank = (result: Result) => {
    if (isPeerResult(result)) return PLACES.length + 1
    const place = PLACES.indexOf(result.config.strategy.name)
    return place < 0 ? PLACES.length : place
  }
  return results.toSorted((a, b) => {
    const [first, second] = [a.config.strategy.name, b.config.strategy.name]
    return rank(a) - rank(b) || (first < second ? -1 : first > second ? 1 : 0)
  })
}

function varied(index: number, shift: number): SeriesStyle {
  return { ...seriesStyle(index + shift), colour: seriesStyle(index).colour }
}

/** FNV-1a of the name's characters. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (const character of name) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  }
  return hash >>> 0
}
