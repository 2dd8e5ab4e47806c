/** Breaks `no-clock-or-randomness`: it is more eager once the process is old. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'asks-the-uptime',
  description: 'Broken: asks how long the process has run',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = fullLevel(view, process.uptime() > 1e6 ? 3 : 4)
    return view.inProgress.length > 0 || level === undefined ? null : mergeDown(view, level)
  },
})
