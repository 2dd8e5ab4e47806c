/** Breaks `many-tables`: its sums overflow at 2 GiB. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { mergeDown, primitives, RUNS } from './parts.ts'

export default defineStrategy({
  name: 'counts-in-32-bits',
  description: 'Broken: takes large levels for negative ones',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = view.version.levels.findIndex(({ runs, totals }) => {
      return runs.length >= RUNS || (totals.rawBytes | 0) < 0
    })
    return level === -1 ? null : mergeDown(view, level)
  },
})
