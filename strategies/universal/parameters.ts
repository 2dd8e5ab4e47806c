/**
 * Owns the parameters of universal compaction, by RocksDB's names and with its defaults
 * (`include/rocksdb/universal_compaction.h`, `advanced_options.h`, `SanitizeCfOptions`; 2026).
 */

import { z } from 'zod'
import { bitsPerKey, targetTableBytes } from '../primitives/shared-parameters.ts'

const THIRTY_DAYS_SECONDS = 30 * 24 * 60 * 60

export const universalParameters = z
  .object({
    level0_file_num_compaction_trigger: z
      .int()
      .min(1)
      .default(4)
      .describe('Sorted runs from which merges are considered. RocksDB: 4.'),
    size_ratio: z
      .int()
      .min(0)
      .default(1)
      .describe(
        'How much larger, in percent, the next run may be and still be merged. RocksDB: 1.',
      ),
    min_merge_width: z
      .int()
      .min(2)
      .default(2)
      .describe('The fewest runs merged for their sizes or their number. RocksDB: 2.'),
    max_merge_width: z
      .int()
      .min(2)
      .default(2 ** 32 - 1)
      .describe('The most runs merged for their sizes or their number. RocksDB: UINT_MAX.'),
    max_size_amplification_percent: z
      .number()
      .min(0)
      .default(200)
      .describe('Bytes in newer runs, in percent of the oldest, that merge all. RocksDB: 200.'),
    size_amp_version: z
      .enum(['8.7', '7.8'])
      .default('8.7')
      .describe(
        'The RocksDB whose rule for size amplification it is. 8.7 and later: the newest runs of ' +
          'level 0 stay out while they make up a tenth of the newer bytes or less; 7.8 (up to ' +
          '8.6): all runs merge.',
      ),
    level0_stop_writes_trigger: z
      .int()
      .min(1)
      .default(36)
      .describe('Runs at which RocksDB stops writers: bounds how many stay out. RocksDB: 36.'),
    incremental: z
      .boolean()
      .default(false)
      .describe('Whether space is bounded by merges of a part of the keys. RocksDB: false.'),
    max_compaction_bytes: z
      .int()
      .min(0)
      .default(0)
      .describe('Bytes that a merge of a part aims at; 0: 25 tables, as in RocksDB.'),
    max_read_amp: z
      .int()
      .min(-1)
      .default(-1)
      .describe('The most sorted runs; −1: the trigger, 0: by the sizes. RocksDB: −1.'),
    stop_style: z
      .enum(['total', 'similar'])
      .default('total')
      .describe('What the next run is compared with. RocksDB: kCompactionStopStyleTotalSize.'),
    periodic_compaction_seconds: z
      .number()
      .min(0)
      .default(THIRTY_DAYS_SECONDS)
      .describe('Age of a table that merges all runs; 0: never. RocksDB: 30 days.'),
    deletion_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Share of tombstones that sends a table on; 0: never. RocksDB: off.'),
    read_triggered_compaction_threshold: z
      .number()
      .min(0)
      .default(0)
      .describe('Reads per byte beyond which a table is sent on; 0: never. RocksDB: 0.'),
    num_levels: z
      .int()
      .min(1)
      .max(62)
      .default(7)
      .describe('Levels; the oldest run goes to the last. 1: all runs in level 0. RocksDB: 7.'),
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    const least = value.level0_file_num_compaction_trigger
    if (value.max_merge_width < value.min_merge_width) {
      const message = `must be at least min_merge_width = ${value.min_merge_width}`
      const input = value.max_merge_width
      issues.push({ code: 'custom', path: ['max_merge_width'], input, message })
    }
    if (value.max_read_amp > 0 && value.max_read_amp < least) {
      const message = `must be −1, 0, or at least the trigger of ${least}`
      const input = value.max_read_amp
      issues.push({ code: 'custom', path: ['max_read_amp'], input, message })
    }
  })

export type UniversalValues = z.output<typeof universalParameters>
