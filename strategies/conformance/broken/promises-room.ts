/** Breaks `bounded-runs`: it never merges, and declares limits that are never reached. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { primitives } from './parts.ts'

export default defineStrategy({
  name: 'promises-room',
  description: 'Broken: declares room for a million runs',
  params: z.object({}),
  primitives,
  stallLimits: () => ({ slowdownRuns: 1e6, stopRuns: 2e6 }),
  pick: () => null,
})
