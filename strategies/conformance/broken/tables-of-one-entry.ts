/** Breaks `bounded-writes`: each entry becomes a table. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'tables-of-one-entry',
  description: 'Broken: makes tables without number',
  params: z.object({}),
  primitives,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    const spec = mergeDown(view, level)
    return { ...spec, outputs: spec.outputs.map((one) => ({ ...one, targetTableBytes: 256 })) }
  },
})
