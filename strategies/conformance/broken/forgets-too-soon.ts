/** Breaks `safe-picks`: it declares drops, and drops data that the owner's retention keeps. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { primitives, RUNS, reasonOf, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'forgets-too-soon',
  description: 'Broken: drops by count, whatever the age',
  params: z.object({}),
  primitives,
  drops: true,
  pick(view) {
    const runs = runsOf(view, 0)
    if (view.inProgress.length > 0 || runs.length < RUNS) return null
    return {
      kind: 'drop',
      inputs: wholeRuns(0, runs.slice(-1)),
      nextState: view.state,
      reason: reasonOf(0, runs.length),
    }
  },
})
