/** Breaks `urgency`: what a job will write is no debt any more as soon as the job runs. */

import { defineStrategy, inputBytes } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'forgets-running-work',
  description: 'Broken: takes started work for done',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
  debtBytes(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? 0 : inputBytes(view.version, mergeDown(view, level).inputs)
  },
})
