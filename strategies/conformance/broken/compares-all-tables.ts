/** Breaks `many-tables`: it compares every table with every other. */

import { defineStrategy, runsNewestFirst, tablesOf } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'compares-all-tables',
  description: 'Broken: takes time as the square of the tables',
  params: z.object({}),
  primitives,
  pick(view) {
    const tables = runsNewestFirst(view.version).flatMap(({ run }) => [...tablesOf(run)])
    let newer = 0
    for (const a of tables) for (const b of tables) if (a.seqMax > b.seqMin) newer++
    const level = view.inProgress.length > 0 || newer < 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
