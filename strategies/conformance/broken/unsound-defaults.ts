/** Breaks `params`: the default size ratio is outside its range and has no description. */

import { defineStrategy } from 'varve/strategies'
import { z } from 'zod'
import { primitives } from './parts.ts'

export default defineStrategy({
  name: 'unsound-defaults',
  description: 'Broken: a default it would refuse',
  params: z.object({ T: z.number().default(4), ratio: z.number().min(2).prefault(1) }),
  primitives,
  pick: () => null,
})
