/**
 * Breaks `safe-beside-jobs`: its state says that the merge it picked last is done. While the job
 * still runs, it names the runs of a level that has none yet.
 */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { mergeOf, primitives, RUNS, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'trusts-its-state',
  description: 'Broken: takes what it picked for done',
  params: z.object({}),
  primitives,
  initialState: { level: 0 },
  pick(view) {
    const { level } = view.state
    const runs = runsOf(view, level)
    if (level === 0 && runs.length < RUNS) return null
    const merge = mergeOf(view, level, wholeRuns(level, runs), { level: level + 1, after: null })
    return { ...merge, nextState: { level: 1 - level } }
  },
})
