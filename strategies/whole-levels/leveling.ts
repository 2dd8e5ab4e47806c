/**
 * Owns leveling with full merges: one run in every level below 0. A flush passes through level 0
 * into level 1. When its T-th arrival comes, a level merges into the next, together with every full
 * level above it. A read asks few runs (L), but each entry is copied often ((T − 1)/2 per level).
 *
 * Trigger      level saturation: bytes reach T arrivals of the level's unit (memtable · T^(i−1))
 * Layout       leveling: one run a level
 * Granularity  whole levels, all full smaller ones at once
 * Movement     not applicable: everything moves
 *
 * Source: Monkey (SIGMOD '17) and Dostoevsky (SIGMOD '18) App. D; in the Fluid LSM-tree K = Z = 1.
 * `shared-rules.ts` states the rules of the tree and how arrivals are counted.
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
  T: sizeRatio('LevelDB, RocksDB: 10'),
  sizing,
  bitsPerKey,
  targetTableBytes,
})

const shapeOf = (values: z.output<typeof params>): WholeShape => ({
  ...values,
  T: [values.T],
  K: [1],
  Z: 1,
})

export const leveling = defineStrategy({
  name: 'leveling',
  description: 'One run a level, whole levels merged (Dostoevsky, K = Z = 1)',
  params,
  primitives: {
    trigger: ['level saturation'],
    layout: 'leveling',
    granularity: ['level'],
    movement: ['not applicable (entire level)'],
  },
  pick: (view, values) => pickWholeLevels(view, shapeOf(values)),
  score: (view, values) => scoreWholeLevels(view, shapeOf(values)),
  stallLimits: (_view, values) => stallsOfWholeLevels(shapeOf(values)),
})
