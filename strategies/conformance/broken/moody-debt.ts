/** Breaks `no-memory`: its debt depends on how often it was asked. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

let asked = 0

export default defineStrategy({
  name: 'moody-debt',
  description: 'Broken: owes more each time it is asked',
  params: z.object({}),
  primitives,
  debtBytes: (view) => (fullLevel(view) === undefined ? 0 : 1000 + asked++),
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
