/**
 * Owns leveling with a bound on deletes: `deleteTtlMs` after a delete was written, the compaction
 * is due that brings its tombstone into the deepest level and removes the data it hides. Each level
 * has a share of that time (FADE). A table with a tombstone whose time in the level is over goes
 * first; of several, that of the smallest level, then the one with the most tombstones. Otherwise
 * the tree is that of partial leveling, and `mode` says which table of a full level is compacted.
 *
 * The bound does not hold for tombstones that a snapshot still needs, nor for those in the
 * memtable.
 *
 * Trigger      tombstone-TTL, then level saturation (level 0: number of sorted runs)
 * Layout       leveling
 * Granularity  one table and what it overlaps
 * Movement     expired tombstone-TTL; at saturation least overlap (so), most tombstones (sd) or the
 *              tombstone that expires next (dd)
 *
 * Source: Sarkar et al., *Lethe*, SIGMOD '20 §4.1. `shared-rules.ts` states the rules of the tree,
 * `primitives/triggers.ts` how the time is split.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import type { MovementName } from '../primitives/movement.ts'
import {
  baseBytes,
  bitsPerKey,
  deleteTtlMs,
  l0Trigger,
  sizeRatio,
  softCuts,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'
import { nextMarkAt, tombstoneTtl } from '../primitives/triggers.ts'
import {
  isDeepest,
  markTrigger,
  type PartialShape,
  type PartialTrigger,
  partialMembers,
  pickFullest,
} from './shared-rules.ts'
import { SOURCE_RULES } from './source-rules.ts'

const params = z.object({
  T: sizeRatio('Lethe measures with 10'),
  deleteTtlMs,
  mode: z
    .enum(['so', 'sd', 'dd'])
    .default('so')
    .describe(
      'Which table a saturated level gives: so, least overlap, for few writes; sd, most ' +
        'tombstones, for little space; dd, the tombstone that expires next. Lethe: so or sd, by ' +
        'what is to be saved.',
    ),
  l0Trigger,
  baseBytes,
  bitsPerKey,
  targetTableBytes,
  softCuts,
})

type Values = z.output<typeof params>

const MOVEMENT_OF_MODE = {
  so: ['lo1'],
  sd: ['most-tombstones', 'lo1'],
  dd: ['oldest-tombstone', 'lo1'],
} as const satisfies Readonly<Record<Values['mode'], readonly MovementName[]>>

const shapeOf = (values: Values): PartialShape => ({
  ...values,
  rules: SOURCE_RULES.rocksdb,
  sizing: 'static',
  levels: 0,
  movement: MOVEMENT_OF_MODE[values.mode],
  tablesPerJob: 1,
  densityThreshold: 1,
  ttlMs: values.deleteTtlMs,
})

const expiry = (values: Values) => tombstoneTtl(values.T, values.deleteTtlMs)

const triggersOf = (values: Values): readonly PartialTrigger[] => [
  markTrigger(expiry(values)),
  pickFullest,
]

export const deleteAware = defineStrategy({
  name: 'delete-aware',
  description: 'Partial leveling that ends every tombstone in time (Lethe, FADE)',
  params,
  primitives: {
    trigger: ['tombstone-TTL', 'level saturation', 'sorted runs'],
    layout: 'leveling',
    granularity: ['single table'],
    movement: ['expired tombstone-TTL', 'least overlap parent (+1)', 'most tombstones'],
  },
  ...partialMembers(shapeOf, triggersOf),
  nextDueAt: (view, values) => nextMarkAt(view, expiry(values), (level) => isDeepest(view, level)),
})
