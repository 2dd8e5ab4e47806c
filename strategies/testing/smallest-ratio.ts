/**
 * Owns the parameters under which a strategy moves data as often as it can: for tests of safety.
 */

import type { StrategyModule } from '../define-strategy.ts'

/** T = 2, and the K that goes with it; of what the strategy declares. */
export function smallestRatio(module: StrategyModule): Readonly<Record<string, number>> {
  const wanted = { T: 2, K: 1 }
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => name in module.params.shape))
}
