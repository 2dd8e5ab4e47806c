/** Breaks `same-everywhere`: its picks depend on table numbers, which differ outside the engine. */

import { defineStrategy, tablesOf } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, RUNS, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'reads-table-numbers',
  description: 'Broken: takes the number of a table for a fact about it',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const newest = runsOf(view, 0)[0]
    const isOdd = newest !== undefined && [...tablesOf(newest)].some(({ id }) => id % 2 === 1)
    const level = fullLevel(view, isOdd ? RUNS : RUNS - 1)
    return level === undefined ? null : mergeDown(view, level)
  },
})
