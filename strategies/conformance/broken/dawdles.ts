/** Breaks `quick`: it waits in every pick. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { fullLevel, mergeDown, primitives } from './parts.ts'

const cell = new Int32Array(new SharedArrayBuffer(4))

export default defineStrategy({
  name: 'dawdles',
  description: 'Broken: takes 100 ms for a pick',
  params: z.object({}),
  primitives,
  pick(view) {
    Atomics.wait(cell, 0, 0, 100)
    const level = view.inProgress.length > 0 ? undefined : fullLevel(view)
    return level === undefined ? null : mergeDown(view, level)
  },
})
