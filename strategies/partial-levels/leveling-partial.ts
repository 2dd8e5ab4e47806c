/**
 * Owns leveling with partial compaction, as LevelDB and RocksDB do it: one run in every level below
 * 0, merged one table at a time. `pick` says which table. If no table qualifies, the table with the
 * least overlap is chosen; ties are broken by round-robin. `rules` says which of the two it follows
 * where they differ, and which version.
 *
 * Trigger      level saturation (level 0: number of sorted runs, or bytes)
 * Layout       leveling
 * Granularity  one table and what it overlaps
 * Movement     any of `primitives/movement.ts`; ties by round-robin
 *
 * Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder`; the movements,
 * Sarkar et al., PVLDB 14. `shared-rules.ts` states the rules of the tree, `source-rules.ts` the
 * differences.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { sizeRatio } from '../primitives/shared-parameters.ts'
import { partialParameters } from './parameters.ts'
import { type PartialShape, partialMembers } from './shared-rules.ts'
import { chosenRules } from './source-rules.ts'

const params = z.object({
  T: sizeRatio('LevelDB, RocksDB: 10'),
  ...partialParameters,
})

const shapeOf = (values: z.output<typeof params>): PartialShape => ({
  ...values,
  ...chosenRules(values),
  sizing: 'static',
  levels: 0,
  movement: [values.pick, 'lo1'],
  tablesPerJob: 1,
})

export const levelingPartial = defineStrategy({
  name: 'leveling-partial',
  description: 'One run a level, merged table by table (LevelDB, RocksDB)',
  params,
  primitives: {
    trigger: ['level saturation', 'sorted runs'],
    layout: 'leveling',
    granularity: ['single table'],
    movement: [
      'least overlap parent (+1)',
      'least overlap grandparent (+2)',
      'round-robin',
      'coldest',
      'oldest',
      'tombstone density',
      'expired tombstone-TTL',
      'random',
    ],
  },
  ...partialMembers(shapeOf),
})
