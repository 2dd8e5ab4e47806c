/** Breaks `stall-limits`: writers stop at two runs, but it rests with two runs. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'stalls-at-rest',
  description: 'Broken: stops writers with nothing to wait for',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
  stallLimits: () => ({ slowdownRuns: 1, stopRuns: 2 }),
})
