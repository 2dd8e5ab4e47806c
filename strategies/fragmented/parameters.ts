/**
 * Owns the parameters of the fragmented LSM-tree, with PebblesDB's constants as defaults
 * (`db/dbformat.h`, `db/version_set.cc`, `db/write_batch.cc`), and the sizes that follow from them.
 */

import { z } from 'zod'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import {
  baseBytes,
  bitsPerKey,
  sizeRatio,
  tableBytes,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'

export const fragmentedParameters = z
  .object({
    levels: z
      .int()
      .min(0)
      .max(62)
      .default(7)
      .describe(
        'Number of levels, level 0 included; 0: as many as the data fills, by T. PebblesDB: 7.',
      ),
    max_sstables_per_guard: z
      .int()
      .min(1)
      .max(1000)
      .default(2)
      .describe(
        'Tables a guard may rest with, one on top of the other; 1 makes every level one run. ' +
          'PebblesDB: 2 (kMaxFilesPerGuardSentinel), due at 3.',
      ),
    guardRatio: z
      .number()
      .min(0)
      .max(1000)
      .default(4)
      .describe(
        'Guards of a level for each guard of the level above; 0: as many as there are tables of ' +
          'full size. PebblesDB: 4, two bits of a hash.',
      ),
    guardsPerJob: z
      .enum(['all', 'one'])
      .default('all')
      .describe(
        'Guards that one job compacts: all of a level that are due, or one. PebblesDB: all.',
      ),
    l0Trigger: z
      .int()
      .min(1)
      .max(1000)
      .default(2)
      .describe('Runs in level 0 that start a compaction. PebblesDB: 2 of each guard.'),
    seekReads: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Reads of the newest run beyond which levels compact although no guard is due; 0: never. ' +
          'PebblesDB: 10 seeks without a write between. Counters here do not tell seeks from ' +
          'lookups, which do not count there, so this is off.',
      ),
    T: sizeRatio('PebblesDB has none. Only for levels = 0'),
    baseBytes,
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    if (value.levels !== 1) return
    const message = 'must be 0, or at least 2'
    issues.push({ code: 'custom', path: ['levels'], input: value.levels, message })
  })

export type FragmentedValues = z.output<typeof fragmentedParameters>

/** Level in which guards merge within themselves; another strategy may have left more levels. */
export function lastLevel({ version }: TreeView, { levels }: FragmentedValues): number {
  return Math.max(levels, version.levels.length) - 1
}

/** Raw bytes of a level in which every guard has one table, for levels = 0. */
export function layerBytes(
  view: TreeView,
  { T, baseBytes }: FragmentedValues,
  level: number,
): number {
  return (baseBytes === 0 ? view.memtableBytes : baseBytes) * T ** level
}

/** Tables shrink to no less than this share of the table size. */
const GUARD_SHARE_MIN = 1 / 4

/**
 * Raw bytes of a table in a guard of the level. When a guard is due, one table more than it may
 * rest with goes to `guardRatio` guards of the next level. So tables shrink with depth.
 */
export function guardBytes(view: TreeView, values: FragmentedValues, level: number): number {
  const { guardRatio, max_sstables_per_guard } = values
  const share = guardRatio === 0 ? 1 : Math.min((max_sstables_per_guard + 1) / guardRatio, 1)
  return tableBytes(view, values) * Math.max(share ** (level - 1), GUARD_SHARE_MIN)
}
