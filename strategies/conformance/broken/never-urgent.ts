/** Breaks `urgency`: no score reaches 1, so a scheduler would never start a job. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, RUNS } from './parts.ts'

export default defineStrategy({
  name: 'never-urgent',
  description: 'Broken: scores that do not know of the picks',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
  score: (view) =>
    view.version.levels.map(({ runs }, level) => ({ level, score: runs.length / (2 * RUNS) })),
})
