/** Breaks `bounded-runs`: a level with a run of tombstones alone is never merged. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { mergeDown, primitives, RUNS } from './parts.ts'

export default defineStrategy({
  name: 'leaves-tombstones',
  description: 'Broken: waits for ever behind tombstones',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = view.version.levels.findIndex(({ runs }) => {
      const tombstonesAlone = runs.some(({ totals }) => totals.tombstones === totals.entries)
      return runs.length >= RUNS && !tombstonesAlone
    })
    return level === -1 ? null : mergeDown(view, level)
  },
})
