/**
 * Owns leveling with a bound on deletes: `deleteTtlMs` after a delete was written, the compaction
 * is due that brings its tombstone into the deepest level and removes the data it hides. Each level
 * has a share of that time (FADE). Otherwise the tree is that of partial leveling.
 *
 * Lethe has three kinds of compaction, each a trigger and a choice of table:
 *
 *   DD   a table has a tombstone whose time in the level is over: this table. Of several, that of
 *        the smallest level, then the one with the most tombstones. It goes before the others
 *   SO   a level is saturated: the table with the least overlap, for few writes (mode so)
 *   SD   a level is saturated: the table with the most invalidated entries, for little space
 *        (mode sd)
 *
 * Lethe estimates the entries that a table invalidates as the exact number of its tombstones, plus
 * an estimate for range deletes from histograms. There are no histograms here: the estimate is the
 * number of tombstones in `TableMeta`, in which a range deletion counts as one. Lethe's program
 * ranks by that number as well.
 *
 * The bound does not hold for tombstones that a snapshot still needs, nor for those in the
 * memtable.
 *
 * Trigger      tombstone-TTL, then level saturation (level 0: number of sorted runs)
 * Layout       leveling
 * Granularity  one table and what it overlaps
 * Movement     expired tombstone-TTL; at saturation least overlap (so) or most tombstones (sd)
 *
 * Source: Sarkar et al., *Lethe*, SIGMOD '20 §4.1, and its program (BU-DiSC/lethe-codebase,
 * `kFADE`). `shared-rules.ts` states the rules of the tree, `primitives/triggers.ts` how the time
 * is split.
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
    .enum(['so', 'sd'])
    .default('so')
    .describe(
      'Which table a saturated level gives: so, least overlap, for few writes; sd, most ' +
        'tombstones, for little space. Lethe: either. Expired tombstones (dd) go first in both.',
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
