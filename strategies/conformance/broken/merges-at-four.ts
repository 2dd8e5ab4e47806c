/**
 * Breaks `jobs-in-any-order`: it merges exactly four runs. If more flushes land while a job runs,
 * level 0 never has four runs again, and writers wait for ever.
 */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { mergeDown, primitives, RUNS, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'merges-at-four',
  description: 'Broken: counts on being asked after every flush',
  params: z.object({}),
  primitives,
  stallLimits: () => ({ slowdownRuns: 2 * RUNS, stopRuns: 3 * RUNS }),
  pick(view) {
    const level = view.version.levels.findIndex((_, at) => runsOf(view, at).length === RUNS)
    return view.inProgress.length > 0 || level === -1 ? null : mergeDown(view, level)
  },
})
