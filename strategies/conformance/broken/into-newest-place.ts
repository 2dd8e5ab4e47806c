/**
 * Breaks `safe-installs`: four runs of level 0 become its newest run. By the time the job ends a
 * flush has landed, and the newest place lies above it.
 */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { mergeOf, primitives, RUNS, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'into-newest-place',
  description: 'Broken: names a place that is another one later',
  params: z.object({}),
  primitives,
  pick(view) {
    const runs = runsOf(view, 0)
    if (view.inProgress.length > 0 || runs.length < RUNS) return null
    return mergeOf(view, 0, wholeRuns(0, runs), { level: 0, after: null })
  },
})
