/** Breaks `no-clock-or-randomness`: it took the clock from its global when it was loaded. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

const { now } = Date

export default defineStrategy({
  name: 'keeps-a-clock',
  description: 'Broken: holds a clock of its own',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = fullLevel(view, now() < 0 ? 3 : 4)
    return view.inProgress.length > 0 || level === undefined ? null : mergeDown(view, level)
  },
})
