/** Breaks `no-clock-or-randomness`: it reads the system's clock, not `nowMs` of the view. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'watches-the-clock',
  description: 'Broken: asks the system what time it is',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    const spec = mergeDown(view, level)
    const values = { at: new Date().toISOString(), runs: runsOf(view, level).length }
    return { ...spec, reason: { ...spec.reason, values } }
  },
})
