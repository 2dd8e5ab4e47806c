/** Breaks `progress`: two full runs are merged into one, and that one is merged again, for ever. */

import { defineStrategy, wholeRuns } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, mergeOf, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'never-rests',
  description: 'Broken: rewrites a large run into itself',
  params: z.object({}),
  primitives,
  pick(view) {
    if (view.inProgress.length > 0) return null
    const level = fullLevel(view)
    if (level !== undefined) return mergeDown(view, level)
    const [large] = runsOf(view, 1)
    if (large === undefined || large.totals.rawBytes < 3 * view.memtableBytes) return null
    return mergeOf(view, 1, wholeRuns(1, [large]), { level: 1, after: large.id })
  },
})
