/** Breaks `state-is-json`: its state is a Map, which is stored as an empty object. */

import { defineStrategy, type Json } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'keeps-a-map',
  description: 'Broken: a state that is not JSON',
  params: z.object({}),
  primitives,
  initialState: new Map() as unknown as Json,
  pick(view) {
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
