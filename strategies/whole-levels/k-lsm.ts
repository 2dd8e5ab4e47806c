/**
 * Owns the K-LSM tree: each level has its own size ratio and its own limit of runs. A Fluid
 * LSM-tree is a K-LSM tree whose levels are all alike but the deepest. Other K-LSM trees tier the
 * small levels, where most merges happen, and level the large ones, which decide reads and space.
 *
 * Trigger      level saturation; number of sorted runs
 * Layout       hybrid
 * Granularity  whole levels and single runs, all full smaller levels at once
 * Movement     not applicable: everything moves
 *
 * Source: Huynh et al., *Towards flexibility and robustness of LSM trees* (VLDB Journal '24).
 * `shared-rules.ts` states the rules of the tree and how arrivals are counted.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { bitsPerKey, sizing, targetTableBytes } from '../primitives/shared-parameters.ts'
import {
  pickWholeLevels,
  scoreWholeLevels,
  stallsOfWholeLevels,
  type WholeShape,
} from './shared-rules.ts'

const ratio = z.int().min(2).max(1000)
const runs = z.int().min(1).max(999)

const params = z
  .object({
    T: z
      .union([ratio, z.array(ratio).min(1)])
      .default(4)
      .describe(
        'Size ratio, one or a list by level, first level first; the last entry repeats. 4 here ' +
          'for every strategy; Huynh et al. tune it.',
      ),
    K: z
      .union([runs, z.array(runs).min(1)])
      .default([3, 2, 1])
      .describe(
        'Most runs of a level, 1 to T − 1, one or a list as T is. Huynh et al. tune it; 3, 2, 1 ' +
          'tiers the first level, levels the third and all deeper ones, at T = 4.',
      ),
    Z: z
      .int()
      .min(0)
      .max(999)
      .default(0)
      .describe(
        'Runs in the deepest level, wherever that is; 0: as K says, as Huynh et al. have it. With ' +
          'it the Fluid LSM-tree is a K-LSM tree.',
      ),
    sizing,
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    const ratios = listOf(value.T)
    for (const name of ['K', 'Z'] as const) {
      const most = Math.max(1, ...wrongOf(listOf(value[name]), ratios))
      if (most === 1) continue
      const message = `must be from 1 to T − 1 in every level, not ${most}`
      issues.push({ code: 'custom', path: [name], input: value[name], message })
    }
  })

const shapeOf = (values: z.output<typeof params>): WholeShape => ({
  ...values,
  T: listOf(values.T),
  K: listOf(values.K),
})

export const kLsm = defineStrategy({
  name: 'k-lsm',
  description: 'Size ratio and runs level by level (Huynh et al.)',
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

function listOf(value: number | readonly number[]): readonly number[] {
  return typeof value === 'number' ? [value] : value
}

/** By level, the number of runs if it is not below the level's ratio, else 1. */
function wrongOf(runsByLevel: readonly number[], ratios: readonly number[]): readonly number[] {
  const levels = Math.max(runsByLevel.length, ratios.length)
  return Array.from({ length: levels }, (_, level) => {
    const most = runsByLevel[level] ?? runsByLevel.at(-1)!
    return most < (ratios[level] ?? ratios.at(-1)!) ? 1 : most
  })
}
