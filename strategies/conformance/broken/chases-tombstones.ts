/**
 * Breaks `snapshots`: it rewrites the deepest run while that has tombstones, which a snapshot may
 * keep.
 */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, mergeOf, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'chases-tombstones',
  description: 'Broken: never rests under a snapshot',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = fullLevel(view)
    if (level !== undefined) return mergeDown(view, level)
    const deepest = view.version.levels.length - 1
    const run = deepest < 1 ? undefined : runsOf(view, deepest).at(-1)
    if (run === undefined || run.totals.tombstones === 0) return null
    return mergeOf(view, deepest, wholeRuns(deepest, [run]), { level: deepest, run: run.id })
  },
})
