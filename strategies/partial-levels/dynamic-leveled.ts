/**
 * Owns leveling whose targets follow the data: the last level has no target, and each level above
 * it may hold 1/T of the next, but not less than base · T. The tree grows upwards. Data gathers in
 * the last of `levels` levels, and a level above opens when the level that level 0 merges into
 * would be larger than base · T. So the last level always has most of the data, and obsolete
 * versions take at most 1/(T − 1) more space and base · T. With static targets a young last level
 * may hold less than the levels above it.
 *
 * Trigger      level saturation (level 0: number of sorted runs, or bytes)
 * Layout       leveling
 * Granularity  one table and what it overlaps
 * Movement     least overlap with the next level, or `pick`; ties by round-robin
 *
 * Sources: RocksDB, level_compaction_dynamic_level_bytes; Dong et al., CIDR '17 (the bound).
 * `shared-rules.ts` states the rules of the tree, `targets.ts` those of the targets.
 */

import { z } from 'zod'
import { defineStrategy } from '../define-strategy.ts'
import { baseBytes, sizeRatio } from '../primitives/shared-parameters.ts'
import { partialParameters } from './parameters.ts'
import { type PartialShape, partialMembers } from './shared-rules.ts'
import { chosenRules } from './source-rules.ts'

const params = z.object({
  T: sizeRatio('RocksDB: 10'),
  levels: z
    .int()
    .min(2)
    .max(60)
    .default(7)
    .describe('Levels of the tree, level 0 included; data gathers in the last. RocksDB: 7.'),
  ...partialParameters,
  rules: z
    .enum(['rocksdb', 'rocksdb-7.8'])
    .default('rocksdb')
    .describe('Whose rules hold where versions differ: rocksdb (since 9.0) or rocksdb-7.8.'),
  baseBytes: baseBytes.describe(
    'The level that takes level 0 in may hold baseBytes · T raw bytes before one opens above it, ' +
      'and no level less; 0: the memtable size. RocksDB: 256 MB, four memtables, as here with T = ' +
      '4.',
  ),
})

const shapeOf = (values: z.output<typeof params>): PartialShape => ({
  ...values,
  ...chosenRules(values),
  sizing: 'dynamic',
  movement: [values.pick, 'lo1'],
  tablesPerJob: 1,
})

export const dynamicLeveled = defineStrategy({
  name: 'dynamic-leveled',
  description: 'Partial leveling with targets from the last level upwards (RocksDB)',
  params,
  primitives: {
    trigger: ['level saturation', 'sorted runs'],
    layout: 'leveling',
    granularity: ['single table'],
    movement: ['least overlap parent (+1)', 'round-robin'],
  },
  ...partialMembers(shapeOf),
})
