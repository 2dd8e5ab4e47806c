/** Owns parameters under which a strategy moves data as often as possible, for tests of safety. */

import type { StrategyModule } from '../define-strategy.ts'

/** T = 2 and K = 1, of which a strategy gets the parameters it declares. */
export function smallestRatio(module: StrategyModule): Readonly<Record<string, number>> {
  const wanted = { T: 2, K: 1 }
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => name in module.params.shape))
}
