/** Breaks `safe-picks` and `recency`: level 0 skips the levels above the deepest one. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, mergeOf, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'skips-levels',
  description: 'Broken: merges level 0 into a run below older ones',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = fullLevel(view)
    if (level === undefined) return null
    const deepest = view.version.levels.length - 1
    if (level > 0 || deepest === 0) return mergeDown(view, level)
    const inputs = wholeRuns(0, runsOf(view, 0))
    return mergeOf(view, 0, inputs, { level: deepest, after: runsOf(view, deepest).at(-1)!.id })
  },
})
