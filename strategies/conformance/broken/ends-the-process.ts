/** Breaks `well-formed`: it ends the process instead of an answer. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'ends-the-process',
  description: 'Broken: exits where a merge is due',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    if (level === 1) process.exit(0)
    return mergeDown(view, level)
  },
})
