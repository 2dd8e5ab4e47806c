/**
 * Breaks `same-in-simulator`, and purity: its picks depend on how many views it has seen, so two
 * trees with equal histories differ.
 */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

let views = 0

export default defineStrategy({
  name: 'alternates',
  description: 'Broken: patient with every third view',
  params: z.object({}),
  primitives,
  pick(view) {
    const patience = views++ % 3 === 0 ? 4 : 3
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view, patience)
    return level === undefined ? null : mergeDown(view, level)
  },
})
