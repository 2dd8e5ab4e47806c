/**
 * Owns 1-leveling: the first level is tiered, every other is one run, merged table by table. Level
 * 0, where flushes land, is the papers' first level. It holds up to `runs` of them, and its full
 * size is the unit of the levels below: level i may hold runs · T^i memtables. The first level
 * takes in bursts at the cost of tiering; the rest of the tree is as cheap to read as with
 * leveling.
 *
 * Trigger      number of sorted runs in the first level, saturation below
 * Layout       1-leveling
 * Granularity  all runs of the first level; below it one table and what it overlaps
 * Movement     not applicable in the first level; below it least overlap with the next, or `pick`
 *
 * Source: Sarkar et al., PVLDB 14 ('1-Lvl', RocksDB's own shape). `shared-rules.ts` states the
 * rules of the tree.
 */

import { z } from 'zod'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { defineStrategy } from '../define-strategy.ts'
import {
  bitsPerKey,
  densityThreshold,
  sizeRatio,
  softCuts,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'
import { pick, ttlMs } from './parameters.ts'
import { type PartialShape, partialMembers } from './shared-rules.ts'
import { SOURCE_RULES } from './source-rules.ts'

const params = z.object({
  T: sizeRatio('RocksDB: 10'),
  runs: z
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Runs of the first level that are merged into the next. RocksDB: 4.'),
  pick,
  densityThreshold,
  ttlMs,
  bitsPerKey,
  targetTableBytes,
  softCuts,
})

const shapeOf = (values: z.output<typeof params>, view: TreeView): PartialShape => ({
  ...values,
  l0Trigger: values.runs,
  baseBytes: values.runs * view.memtableBytes,
  rules: SOURCE_RULES.rocksdb,
  sizing: 'static',
  levels: 0,
  movement: [values.pick, 'lo1'],
  tablesPerJob: 1,
})

export const oneLeveling = defineStrategy({
  name: '1-leveling',
  description: 'A tiered first level above one run a level (Sarkar et al.; RocksDB)',
  params,
  primitives: {
    trigger: ['sorted runs', 'level saturation'],
    layout: '1-leveling',
    granularity: ['sorted runs', 'single table'],
    movement: ['not applicable (entire level)', 'least overlap parent (+1)'],
  },
  ...partialMembers(shapeOf),
})
