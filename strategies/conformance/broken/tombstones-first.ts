/**
 * Breaks `tombstones`: it merges a run with tombstones from level 0 straight into the deepest run,
 * which drops them. Older puts between the two runs become visible again.
 */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, mergeOf, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'tombstones-first',
  description: 'Broken: persists deletions past what they delete',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const deepest = view.version.levels.length - 1
    const deletions = runsOf(view, 0).find((run) => run.totals.tombstones > 0)
    if (deepest > 0 && deletions !== undefined) {
      const last = runsOf(view, deepest).at(-1)!
      const inputs = [...wholeRuns(0, [deletions]), ...wholeRuns(deepest, [last])]
      return mergeOf(view, 0, inputs, { level: deepest, after: last.id })
    }
    const level = fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
