/** Breaks `bounded-runs`: it lets runs pile up. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { primitives } from './parts.ts'

export default defineStrategy({
  name: 'never-merges',
  description: 'Broken: nothing is ever due',
  params: z.object({}),
  primitives,
  pick: () => null,
})
