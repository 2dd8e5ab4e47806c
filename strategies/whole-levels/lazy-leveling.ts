/**
 * Owns lazy leveling: tiering in every level but the deepest, which is one run. The deepest level
 * holds most of the data, so lookups and space cost nearly what leveling pays, while merges above
 * it cost what tiering pays. While the tree is one level deep, that is level 0.
 *
 * Trigger      number of sorted runs; saturation in the deepest level
 * Layout       L-leveling
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: Dostoevsky (SIGMOD '18) §4; in the Fluid LSM-tree K = T − 1, Z = 1. The rules of the
 * tree, and how it counts arrivals, stand in `shared-rules.ts`.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { bitsPerKey, sizing, targetTableBytes } from '../primitives/shared-parameters.ts'
import { pickWholeLevels, scoreWholeLevels, type WholeShape } from './shared-rules.ts'

const params = z.object({
  T: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(4)
    .describe('Size ratio between levels. 4 here for every strategy; Dostoevsky measures with 10.'),
  sizing,
  bitsPerKey,
  targetTableBytes,
})

const shapeOf = (values: z.output<typeof params>): WholeShape => ({
  ...values,
  T: [values.T],
  K: [values.T - 1],
  Z: 1,
})

export const lazyLeveling = defineStrategy({
  name: 'lazy-leveling',
  description: 'Tiering above one run in the deepest level (Dostoevsky, K = T − 1, Z = 1)',
  params,
  primitives: {
    trigger: ['sorted runs', 'level saturation'],
    layout: 'L-leveling',
    granularity: ['level'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => pickWholeLevels(view, shapeOf(values)),
  score: (view, values) => scoreWholeLevels(view, shapeOf(values)),
})
