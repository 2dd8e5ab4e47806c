/** Breaks `next-due`: it merges old runs, but does not say when a run becomes old. */

import { defineStrategy, tablesOf } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

const AGE_MS = 60_000

export default defineStrategy({
  name: 'untold-age',
  description: 'Broken: time makes a pick due that it does not announce',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const isOld = runsOf(view, 0).some((run) =>
      [...tablesOf(run)].some((table) => view.nowMs - table.createdAtMs >= AGE_MS),
    )
    const level = isOld ? 0 : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
