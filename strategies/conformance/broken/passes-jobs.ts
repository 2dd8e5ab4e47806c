/**
 * Breaks `safe-beside-jobs`: it leaves out the runs that a job reads, and then sends newer ones
 * past them into the level below.
 */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { mergeOf, primitives, RUNS, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'passes-jobs',
  description: 'Broken: sends newer runs past those that are being compacted',
  params: z.object({}),
  primitives,
  pick(view) {
    const busy = new Set(view.inProgress.flatMap(({ inputs }) => inputs.map(({ run }) => run)))
    const runs = runsOf(view, 0).filter(({ id }) => !busy.has(id))
    if (runs.length < RUNS) return null
    return mergeOf(view, 0, wholeRuns(0, runs), { level: 1, after: null })
  },
})
