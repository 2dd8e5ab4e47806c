/** Breaks `imports`: it asks the operating system how busy it is. */

import { loadavg } from 'node:os'
import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'reads-the-load',
  description: 'Broken: merges when the machine is idle',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0 || loadavg()[0]! > 1000) return null
    const level = fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
