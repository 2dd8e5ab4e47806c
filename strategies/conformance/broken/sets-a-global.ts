/** Breaks `no-clock-or-randomness`: it counts its picks in a global variable. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'sets-a-global',
  description: 'Broken: leaves a variable behind',
  params: z.object({}),
  primitives,
  pick(view) {
    const shared = globalThis as { picksSoFar?: number }
    shared.picksSoFar = (shared.picksSoFar ?? 0) + 1
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
