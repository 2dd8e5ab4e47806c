/** Owns the parameters of partial leveling, and the list of them that its strategies share. */

import { z } from 'zod'
import { MOVEMENT_NAMES } from '../primitives/movement.ts'
import {
  baseBytes,
  bitsPerKey,
  densityThreshold,
  l0Trigger,
  SOFT_CUT_RULES,
  softCuts as sharedSoftCuts,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'
import { MULTILEVEL_NAMES } from './multilevel.ts'
import { INTRA_LEVEL_0_NAMES, SOURCE_RULES, type SourceName } from './source-rules.ts'

export const pick = z
  .enum(MOVEMENT_NAMES)
  .default('lo1')
  .describe(
    'Which table: lo1, least overlap with the next level (RocksDB: kMinOverlappingRatio); lo2, ' +
      'with the one after; rr, round-robin (LevelDB); rr-to-target, several until the level is ' +
      'below its target (RocksDB: kRoundRobin); largest, tombstones counted (kByCompensatedSize); ' +
      'coldest; oldest-max-seq, oldest-min-seq (kOldestLargestSeqFirst, kOldestSmallestSeqFirst); ' +
      'density, most-tombstones, oldest-tombstone or ttl, else lo1; random.',
  )

/** The rules of one of the sources, for strategies that bear more than one of their names. */
const rules = z
  .enum(Object.keys(SOURCE_RULES) as SourceName[])
  .default('rocksdb')
  .describe(
    'Whose rules hold where sources and versions differ: rocksdb (since 9.0), rocksdb-7.8 or ' +
      'leveldb. LevelDB with its round-robin: rules=leveldb, pick=rr.',
  )

const intraL0 = z
  .enum(['by-rules', ...INTRA_LEVEL_0_NAMES])
  .default('by-rules')
  .describe(
    'When runs of level 0 merge into one run of level 0: never (LevelDB); blocked, while a ' +
      'running job blocks the way down (RocksDB before 9.0, Pebble); small, also while the next ' +
      'level is 2·max(T, 10) times as large (RocksDB since 9.0); by-rules.',
  )

export const ttlMs = z
  .number()
  .min(0)
  .default(10_000)
  .describe(
    'Age in ms from which a tombstone has expired; Lethe: D_th, a sixth to a half of its runs. ' +
      '10 seconds suit a run of half a minute; a service would say days.',
  )

const softCuts = z
  .enum(['by-rules', ...SOFT_CUT_RULES])
  .default('by-rules')
  .describe(`${sharedSoftCuts.description} by-rules: as the source does.`)

const multilevelParameters = {
  multilevel: z
    .enum(MULTILEVEL_NAMES)
    .default('never')
    .describe(
      'Whether a merge into the next level takes the level after that in: never (LevelDB, ' +
        'RocksDB), or where that writes less per byte it frees (Pebble: WriteAmpHeuristic).',
    ),
  addPropensity: z
    .number()
    .default(0)
    .describe('How much more per byte a merge of three levels may write. Pebble: 0.'),
  multilevelL0: z
    .boolean()
    .default(false)
    .describe('Whether merges of three levels may start in level 0. Pebble: AllowL0, false.'),
}

/** The parameters of partial leveling without the size ratio. */
export const partialParameters = {
  pick,
  rules,
  intraL0,
  l0Trigger,
  baseBytes,
  densityThreshold,
  ttlMs,
  bitsPerKey,
  targetTableBytes,
  softCuts,
  ...multilevelParameters,
}
