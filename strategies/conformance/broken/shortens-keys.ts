/** Breaks `frozen-view`: it writes into the bytes of a key. */

import { defineStrategy, tableAt } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives, runsOf } from './parts.ts'

export default defineStrategy({
  name: 'shortens-keys',
  description: 'Broken: rounds a largest key down in place',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    tableAt(runsOf(view, level)[0]!, 0).largest.fill(0, 1)
    return mergeDown(view, level)
  },
})
