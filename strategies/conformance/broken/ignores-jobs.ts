/** Breaks `safe-beside-jobs`: it ignores the jobs that are running. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'ignores-jobs',
  description: 'Broken: picks what is being compacted already',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
