/** Breaks `answers`: it drops the oldest run, but does not declare that it drops. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { primitives, RUNS, reasonOf, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'forgets-quietly',
  description: 'Broken: takes up a retention it did not ask for',
  params: z.object({}),
  primitives,
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
