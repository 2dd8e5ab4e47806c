/** Breaks `recency`: it moves the newest run below older ones. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { primitives, reasonOf, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'newest-run-down',
  description: 'Broken: moves the newest run instead of the oldest',
  params: z.object({}),
  primitives,
  pick(view) {
    const runs = runsOf(view, 0)
    if (view.inProgress.length > 0 || runs.length < 2) return null
    return {
      kind: 'move',
      inputs: wholeRuns(0, runs.slice(0, 1)),
      place: { level: 1, after: null },
      nextState: view.state,
      reason: reasonOf(0, runs.length),
    }
  },
})
