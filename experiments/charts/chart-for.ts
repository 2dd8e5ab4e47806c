/** Owns the choice of figure: one run is looked into, several are set side by side. */

import { assert } from '../../engine/base/assert.ts'
import type { AnyResult } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import { type AmplificationOptions, amplificationChart } from './kinds/amplification.ts'
import { runChart } from './kinds/run.ts'
import { PRESETS, type VegaLiteSpec } from './theme.ts'

/**
 * The figure of `results`, at least one, in the order of strategies; write it with `writeChart`
 * (render.ts).
 * Throws `LSM_INVALID_ARGUMENT` where the runs do not compare.
 */
export function chartFor(
  results: readonly AnyResult[],
  options: AmplificationOptions = {},
): VegaLiteSpec {
  assert(results.length > 0, 'a chart shows at least one run')
  const preset = PRESETS['two-column']
  const [only, ...others] = results
  if (only !== undefined && others.length === 0 && !isPeerResult(only)) {
    return runChart(only, preset)
  }
  return amplificationChart(results, preset, options)
}
