/** Breaks `no-identity`: it recognises a run by its object, not by its id. */

import { defineStrategy, type Run } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

/** Runs that it has picked. This is wrong as soon as the view is copied. */
const named = new WeakSet<Run>()

export default defineStrategy({
  name: 'compares-objects',
  description: 'Broken: equal data in another object is news to it',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = fullLevel(view)
    if (level === undefined) return null
    const runs = runsOf(view, level)
    if (view.inProgress.length > 0 && runs.some((run) => named.has(run))) return null
    for (const run of runs) named.add(run)
    return mergeDown(view, level)
  },
})
