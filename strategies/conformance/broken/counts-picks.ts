/** Breaks `no-memory`: its picks depend on a variable of the module, which is not in the view. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

let deepestSeen = 0

export default defineStrategy({
  name: 'counts-picks',
  description: 'Broken: remembers the deepest tree it was shown',
  params: z.object({}),
  primitives,
  pick(view) {
    deepestSeen = Math.max(deepestSeen, view.version.levels.length)
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view, 2 + deepestSeen)
    return level === undefined ? null : mergeDown(view, level)
  },
})
