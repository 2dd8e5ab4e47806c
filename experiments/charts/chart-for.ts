/** Owns the choice of figure: one run is looked into, several are set side by side. */

import { assert } from '../../engine/base/assert.ts'
import type { RunResult } from '../../results/schema.ts'
import { type AmplificationOptions, amplificationChart } from './kinds/amplification.ts'
import { runChart } from './kinds/run.ts'
import { inStrategyOrder } from './strategy-styles.ts'
import { PRESETS, type VegaLiteSpec } from './theme.ts'

/**
 * The figure of `results`, at least one, in the order of strategies; write it with `writeChart` (render.ts).
 * Throws `LSM_INVALID_ARGUMENT` where the runs do not compare.
 */
export function chartFor(
  results: readonly RunResult[],
  options: AmplificationOptions = {},
): VegaLiteSpec {
  assert(results.length > 0, 'a chart shows at least one run')
  const preset = PRESETS['two-column']
  return results.length === 1
    ? runChart(results[0]!, preset)
    : amplificationChart(inStrategyOrder(results), preset, options)
}
