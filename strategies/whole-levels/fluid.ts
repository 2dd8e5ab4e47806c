/**
 * Owns the Fluid LSM-tree: at most K runs in every level but the deepest, at most Z in that one.
 * The newest run of a level is active: arrivals merge into it until it has had ⌈(T − 1)/K⌉ of them
 * (in the deepest level ⌈(T − 1)/Z⌉). K and Z choose a point between leveling (1, 1), tiering (T −
 * 1, T − 1) and lazy leveling (T − 1, 1). Larger values mean fewer merges and more runs to read.
 *
 * Trigger      level saturation; number of sorted runs
 * Layout       hybrid
 * Granularity  whole levels and single runs, all full smaller levels at once
 * Movement     not applicable: everything moves
 *
 * Source: Dostoevsky (SIGMOD '18) §4. `shared-rules.ts` states the rules of the tree and how
 * arrivals are counted.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { bitsPerKey, sizeRatio, sizing, targetTableBytes } from '../primitives/shared-parameters.ts'
import {
  pickWholeLevels,
  scoreWholeLevels,
  stallsOfWholeLevels,
  type WholeShape,
} from './shared-rules.ts'

const params = z
  .object({
    T: sizeRatio('Dostoevsky measures with 10'),
    K: z
      .int()
      .min(1)
      .default(2)
      .describe('Runs in every level but the deepest, 1 to T − 1. Dostoevsky, T = 10: 9 and 4.'),
    Z: z
      .int()
      .min(1)
      .default(1)
      .describe('Runs in the deepest level, 1 to T − 1. Dostoevsky, T = 10: 4 and 1.'),
    sizing,
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    for (const name of ['K', 'Z'] as const) {
      if (value[name] < value.T) continue
      const message = `must be from 1 to T − 1 = ${value.T - 1}, not ${value[name]}`
      issues.push({ code: 'custom', path: [name], input: value[name], message })
    }
  })

const shapeOf = (values: z.output<typeof params>): WholeShape => ({
  ...values,
  T: [values.T],
  K: [values.K],
})

export const fluid = defineStrategy({
  name: 'fluid',
  description: 'K runs a level, Z in the deepest (Dostoevsky, the Fluid LSM-tree)',
  params,
  primitives: {
    trigger: ['level saturation', 'sorted runs'],
    layout: 'hybrid',
    granularity: ['level', 'sorted runs'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => pickWholeLevels(view, shapeOf(values)),
  score: (view, values) => scoreWholeLevels(view, shapeOf(values)),
  stallLimits: (_view, values) => stallsOfWholeLevels(shapeOf(values)),
})
