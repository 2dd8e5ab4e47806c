/**
 * Owns tiering: up to T − 1 runs in every level. When the T-th run arrives, all of them merge into
 * one run of the next level. Each entry is copied about once per level ((T − 1)/T in the papers'
 * count), and a lookup may have to ask L·(T − 1) runs. Level 0, where flushes land, is the first
 * level.
 *
 * Trigger      number of sorted runs (and saturation, which the T-th run of whole buffers reaches)
 * Layout       tiering
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: Monkey (SIGMOD '17) and Dostoevsky (SIGMOD '18) App. D; in the Fluid LSM-tree
 * K = Z = T − 1. `shared-rules.ts` states the rules of the tree and how arrivals are counted.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { bitsPerKey, targetTableBytes } from '../primitives/shared-parameters.ts'
import {
  pickWholeLevels,
  scoreWholeLevels,
  stallsOfWholeLevels,
  type WholeShape,
} from './shared-rules.ts'

const params = z.object({
  T: z
    .int()
    .min(2)
    .max(1000)
    .default(4)
    .describe(
      'Runs that are merged into one. 4 here for every strategy; Cassandra: 4 (at most 32).',
    ),
  bitsPerKey,
  targetTableBytes,
})

const shapeOf = (values: z.output<typeof params>): WholeShape => ({
  ...values,
  T: [values.T],
  K: [values.T - 1],
  Z: values.T - 1,
  sizing: 'static',
})

export const tiering = defineStrategy({
  name: 'tiering',
  description: 'T − 1 runs a level, the T-th merges all (Dostoevsky, K = Z = T − 1)',
  params,
  primitives: {
    trigger: ['sorted runs', 'level saturation'],
    layout: 'tiering',
    granularity: ['level'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => pickWholeLevels(view, shapeOf(values)),
  score: (view, values) => scoreWholeLevels(view, shapeOf(values)),
  stallLimits: (_view, values) => stallsOfWholeLevels(shapeOf(values)),
})
