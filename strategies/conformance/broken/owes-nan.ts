/** Breaks `well-formed`: its debt is not a number. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'owes-nan',
  description: 'Broken: divides by the tables of an empty tree',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
  debtBytes: ({ version: { totals } }) => totals.bytes / totals.tables,
})
