/** Breaks `well-formed`: its pick is a promise. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

export default defineStrategy({
  name: 'answers-later',
  description: 'Broken: an asynchronous pick',
  params: z.object({}),
  primitives,
  pick: (async (view: Parameters<typeof fullLevel>[0]) => {
    const level = fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  }) as never,
})
