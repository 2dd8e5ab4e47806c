/**
 * Owns lazy leveling: tiering in every level but the deepest, which is one run. The deepest level
 * holds most of the data, so lookups and space cost nearly as little as with leveling, while the
 * merges above it cost as little as with tiering. In a tree of one level that level is level 0.
 *
 * Trigger      number of sorted runs; saturation in the deepest level
 * Layout       L-leveling
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: Dostoevsky (SIGMOD '18) §4; in the Fluid LSM-tree K = T − 1, Z = 1. `shared-rules.ts`
 * states the rules of the tree and how arrivals are counted.
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

const params = z.object({
  T: sizeRatio('Dostoevsky measures with 10'),
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
  stallLimits: (_view, values) => stallsOfWholeLevels(shapeOf(values)),
})
