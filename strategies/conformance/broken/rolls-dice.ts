/** Breaks `no-clock-or-randomness`: it breaks a tie at random, not by a hash of the view. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'rolls-dice',
  description: 'Broken: asks for randomness',
  params: z.object({}),
  primitives,
  pick(view) {
    const patience = Math.random() < 0.5 ? 4 : 3
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view, patience)
    return level === undefined ? null : mergeDown(view, level)
  },
})
