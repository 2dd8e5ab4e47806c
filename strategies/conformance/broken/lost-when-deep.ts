/** Breaks `bounded-runs`: on a tree of ten levels nothing is ever due. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'lost-when-deep',
  description: 'Broken: knows nine levels',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.version.levels.length >= 10) return null
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
