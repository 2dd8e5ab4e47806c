/** Owns the choice of figure: the details of one run, or several runs side by side. */

import { assert } from '../../engine/base/assert.ts'
import type { AnyResult } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import { type AmplificationOptions, amplificationChart } from './kinds/amplification.ts'
import { runChart } from './kinds/run.ts'
import { PRESETS, type VegaLiteSpec } from './theme.ts'

/**
 * The figure of `results`, at least one, in the order of strategies. `writeChart` (render.ts)
 * writes it to files. Throws `LSM_INVALID_ARGUMENT` if the runs cannot be compared.
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
