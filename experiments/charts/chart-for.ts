/** Owns the choice of figure: one run is looked into, several are set side by side. */

import { assert } from '../../engine/base/assert.ts'
import type { RunResult } from '../../results/schema.ts'
import { type ComparisonOptions, comparisonChart } from './comparison-chart.ts'
import { runChart } from './run-chart.ts'
import type { VegaLiteSpec } from './theme.ts'

/**
 * The figure of `results`, at least one; write it with `writeChart` (render.ts).
 * Throws `LSM_INVALID_ARGUMENT` where the runs do not compare.
 */
export function chartFor(
  results: readonly RunResult[],
  options: ComparisonOptions = {},
): VegaLiteSpec {
  assert(results.length > 0, 'a chart shows at least one run')
  return results.length === 1 ? runChart(results[0]!) : comparisonChart(results, options)
}
