/** Owns the parameters of partial leveling, and the list of them that its strategies share. */

import { z } from 'zod'
import { MOVEMENT_NAMES } from '../primitives/movement.ts'
import {
  baseBytes,
  bitsPerKey,
  densityThreshold,
  l0Trigger,
  softCuts,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'

export const pick = z
  .enum(MOVEMENT_NAMES)
  .default('lo1')
  .describe(
    'Which table: lo1, least overlap with the next level (RocksDB: kMinOverlappingRatio); lo2, ' +
      'with the one after; rr, round-robin (LevelDB); coldest; oldest-max-seq, oldest-min-seq ' +
      '(RocksDB: kOldestLargestSeqFirst, kOldestSmallestSeqFirst); density, most-tombstones, ' +
      'oldest-tombstone or ttl, else lo1; random.',
  )

export const ttlMs = z
  .number()
  .min(0)
  .default(10_000)
  .describe(
    'Age in ms from which a tombstone has expired; Lethe: D_th, a sixth to a half of its runs. ' +
      '10 seconds suit a run of half a minute; a service would say days.',
  )

/** The parameters of partial leveling without the size ratio. */
export const partialParameters = {
  pick,
  l0Trigger,
  baseBytes,
  densityThreshold,
  ttlMs,
  bitsPerKey,
  targetTableBytes,
  softCuts,
}
