/** Breaks `frozen-view`: it sorts the view's own list of runs. */

import { defineStrategy, type Run } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'sorts-the-view',
  description: 'Broken: changes what it is shown',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    const spec = mergeDown(view, level)
    const runs = runsOf(view, level) as Run[]
    runs.sort((a, b) => b.id - a.id)
    return spec
  },
})
