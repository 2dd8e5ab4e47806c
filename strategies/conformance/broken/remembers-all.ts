/** Breaks `bounded-state`: its state has an item for every merge it ever made. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'remembers-all',
  description: 'Broken: keeps a diary in its state',
  params: z.object({}),
  primitives,
  initialState: [] as readonly number[],
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    if (level === undefined) return null
    return { ...mergeDown(view, level), nextState: [...view.state, level] }
  },
})
