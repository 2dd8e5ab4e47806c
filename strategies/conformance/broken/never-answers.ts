/** Breaks `quick`: on a tree of three levels its pick does not end. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'never-answers',
  description: 'Broken: loops for ever',
  params: z.object({}),
  primitives,
  pick(view) {
    for (let at = 0; view.version.levels.length > 2; at++) if (at < 0) break
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
