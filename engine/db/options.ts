/**
 * Owns the engine's options: their names, units, limits and defaults, and their names in LevelDB
 * and RocksDB. The parameters of a strategy are not here; they belong to the strategy.
 */

import { z } from 'zod'
import { checkPlain } from '../base/arguments.ts'
import { invalidArgument } from '../base/errors.ts'
import { CACHE_POLICIES, CACHE_POLICY_DEFAULT } from '../cache/cache-policy.ts'
import { SLOWDOWNS } from '../scheduling/admission.ts'
import { OPEN_FILES_DEFAULT } from '../storage/open-files.ts'
import { OPEN_TABLES_DEFAULT } from './table-handles.ts'

/** `backgroundJobs` where it is left out. */
export const BACKGROUND_JOBS_DEFAULT = 2
/** `slowdown` where it is left out. */
export const SLOWDOWN_DEFAULT = 'debt'
/** RocksDB's soft limit of 64 GiB, in its memtables of 64 MiB. */
export const SOFT_DEBT_MEMTABLES = 1024
/** RocksDB's hard limit of 256 GiB, in its memtables of 64 MiB. */
export const HARD_DEBT_MEMTABLES = 4096

/** `memtablesMax` where it is left out. */
export const MEMTABLES_MAX_DEFAULT = 1

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Off unless a threshold is given. Values that are already in a log stay readable. */
const valueLogSchema = z.strictObject({
  thresholdBytes: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Values of at least this size go to the value log, the tree holds pointers; null: none do. ' +
        'RocksDB enable_blob_files and min_blob_size, Badger ValueThreshold.',
    ),
  compression: z
    .enum(['none', 'lz4', 'zstd'])
    .default('none')
    .describe('Of values in the log, a choice of each segment. RocksDB blob_compression_type.'),
  segmentBytes: z
    .int()
    .min(1024)
    .max(4 * GiB)
    .default(16 * MiB)
    .describe(
      'A segment of the log is closed at this size, and with its memtable. RocksDB blob_file_size ' +
        '256 MiB, Badger ValueLogFileSize 1 GiB.',
    ),
  gcPolicy: z
    .string()
    .default('none')
    .describe(
      'Which segments are collected: none, fifo (WiscKey), most-garbage (Badger), age-cutoff ' +
        '(BlobDB: compactions move what they meet in old segments).',
    ),
  fillFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe(
      'fifo, most-garbage: the log may grow to its live bytes, as far as merges know them, divided ' +
        'by this. Badger discardRatio is 1 minus it.',
    ),
  capacityBytes: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('fifo, most-garbage: the size the log may grow to instead; null: by fillFraction.'),
  ageCutoff: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe('age-cutoff: the share of segments that are old. RocksDB ..._gc_age_cutoff 0.25.'),
  gcRate: z
    .number()
    .gt(0)
    .default(8)
    .describe(
      'The most bytes of segments collected for each byte the log grows by, so that a write never ' +
        'waits for more; a drain ignores it.',
    ),
})

/** The schema of the engine's options, with the default, the range and the meaning of each. */
export const engineOptionsSchema = z.strictObject({
  memtableBytes: z
    .int()
    .min(4 * KiB)
    .max(2 * GiB)
    .default(4 * MiB)
    .describe(
      'Raw bytes (user keys + values or pointers) at which the memtable is flushed; the unit of level ' +
        'capacities. LevelDB write_buffer_size 4 MiB, RocksDB write_buffer_size 64 MiB.',
    ),
  blockBytes: z
    .int()
    .min(64)
    .max(16 * MiB)
    .default(4 * KiB)
    .describe('Uncompressed size of a data block. LevelDB and RocksDB block_size 4 KiB.'),
  blockRestartInterval: z
    .int()
    .min(1)
    .max(1024)
    .default(16)
    .describe('Entries between restart points. RocksDB block_restart_interval 16.'),
  compression: z
    .enum(['none', 'lz4', 'zstd'])
    .default('lz4')
    .describe('Of data blocks; kept when it saves an eighth. RocksDB compression: snappy or lz4.'),
  blockCacheBytes: z
    .int()
    .min(0)
    .max(64 * GiB)
    .default(8 * MiB)
    .describe('Uncompressed blocks kept in memory; 0: none. LevelDB 8 MiB, RocksDB 32 MiB.'),
  // An option without a default appears in results and folder records only where it is given.
  maxOpenFiles: z
    .int()
    .min(8)
    .max(1_000_000)
    .exactOptional()
    .describe(
      `Tables and value-log segments open at once, ${OPEN_FILES_DEFAULT} where left out; others are ` +
        'opened again when they are read. Never more than a quarter of what the process may open ' +
        '(ulimit -n). LevelDB max_open_files 1000, RocksDB max_open_files -1.',
    ),
  // No default in the schema either, for the same reason; nor have the options below without one.
  openTablesMax: z
    .int()
    .min(1)
    .max(10_000_000)
    .exactOptional()
    .describe(
      `Tables whose index and filter stay in memory, ${OPEN_TABLES_DEFAULT} where left out; those ` +
        'of others are read again when they are used. RocksDB max_open_files -1 keeps them all.',
    ),
  cachePolicy: z
    .enum(CACHE_POLICIES)
    .exactOptional()
    .describe(
      `Which block leaves a full cache, ${CACHE_POLICY_DEFAULT} where left out: clock (blocks read ` +
        'once leave first), s3-fifo (blocks must prove themselves in a small queue). RocksDB: LRU, ' +
        'HyperClockCache.',
    ),
  cacheTableMemory: z
    .boolean()
    .exactOptional()
    .describe(
      'Indexes and filters count in blockCacheBytes, up to half of it; where left out they take ' +
        'memory beside it. RocksDB cache_index_and_filter_blocks.',
    ),
  directReads: z
    .boolean()
    .exactOptional()
    .describe(
      "Tables and value-log segments are read around the system's page cache (O_DIRECT, Linux), so " +
        'that reads are of the device; not logs and manifests. RocksDB use_direct_reads.',
    ),
  syncIntervalMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .exactOptional()
    .describe(
      "Writes with `sync: 'interval'` are synced at most so many ms later (1000 where left out); " +
        'where it is set, writes that leave `sync` out too. Redis appendfsync everysec, PostgreSQL ' +
        'synchronous_commit off.',
    ),
  backgroundJobs: z
    .int()
    .min(1)
    .max(64)
    .exactOptional()
    .describe(
      `Jobs that run at once where they run beside writes, ${BACKGROUND_JOBS_DEFAULT} where left ` +
        'out; inline there is always one. RocksDB max_background_jobs 2.',
    ),
  subcompactions: z
    .int()
    .min(1)
    .max(64)
    .exactOptional()
    .describe(
      'A large merge that runs beside writes is divided by keys into at most so many jobs, 1 where ' +
        'left out. RocksDB max_subcompactions 1.',
    ),
  memtablesMax: z
    .int()
    .min(1)
    .max(64)
    .exactOptional()
    .describe(
      `Full memtables that may wait for their flush, ${MEMTABLES_MAX_DEFAULT} where left out. ` +
        'RocksDB max_write_buffer_number 2 counts the one that takes writes too.',
    ),
  scheduling: z
    .string()
    .exactOptional()
    .describe(
      'How jobs share workers and bandwidth where they run beside writes: fair (where left out), ' +
        'greedy, single, silk, rocksdb.',
    ),
  compactionBytesPerSecond: z
    .int()
    .min(10)
    .exactOptional()
    .describe(
      'Flushes and merges that run beside writes write at most so many bytes a second together; ' +
        'the scheduling policy divides them. No limit where left out. RocksDB rate_limiter.',
    ),
  slowdown: z
    .enum(SLOWDOWNS)
    .exactOptional()
    .describe(
      `How writes are paced where jobs run beside them, ${SLOWDOWN_DEFAULT} where left out: rate ` +
        '(an adapting rate, as RocksDB), debt (each write waits as long as the work it makes ' +
        'takes), beats (the work due is spread over the next memtable, as TigerBeetle), spring ' +
        '(the fuller, the slower, as bLSM).',
    ),
  softDebtBytes: z
    .int()
    .min(1)
    .exactOptional()
    .describe(
      `Writes slow down from this merge debt on; ${SOFT_DEBT_MEMTABLES} memtables where left out. ` +
        'RocksDB soft_pending_compaction_bytes_limit 64 GiB.',
    ),
  hardDebtBytes: z
    .int()
    .min(1)
    .exactOptional()
    .describe(
      `Writes stop from this merge debt on; ${HARD_DEBT_MEMTABLES} memtables where left out. ` +
        'RocksDB hard_pending_compaction_bytes_limit 256 GiB.',
    ),
  slowOperationMs: z
    .number()
    .min(0)
    .max(3_600_000)
    .exactOptional()
    .describe(
      'Calls that take at least so many ms are reported with what they touched, as the event ' +
        'slow-operation; where left out, none. MySQL long_query_time, Redis slowlog-log-slower-than.',
    ),
  encryption: z
    .enum(['aes-256-gcm'])
    .exactOptional()
    .describe(
      'How the storage encrypts files; it must be an EncryptedStorage. exp makes one with a random ' +
        'key, which no file keeps.',
    ),
  walRecovery: z
    .enum(['point-in-time', 'tolerate-corrupted-tail', 'absolute', 'skip-any-corrupted'])
    .default('point-in-time')
    .describe(
      'What a damaged write-ahead log means at open. RocksDB wal_recovery_mode: ' +
        'kPointInTimeRecovery, kTolerateCorruptedTailRecords, kAbsoluteConsistency, ' +
        'kSkipAnyCorruptedRecords.',
    ),
  manifestRollBytes: z
    .int()
    .min(0)
    .max(GiB)
    .default(MiB)
    .describe(
      'The manifest is written anew when it exceeds this plus twice its opening snapshot. RocksDB ' +
        'max_manifest_file_size 1 GiB.',
    ),
  retentionMaxAgeMs: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Strategies may drop tables written longer ago than this; null: never.'),
  retentionMaxBytes: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Strategies may drop the oldest tables beyond this tree size; null: never.'),
  valueLog: valueLogSchema.prefault({}),
})

/** Options of the value log, with defaults. */
export type ValueLogOptions = z.output<typeof valueLogSchema>

/** Engine options with defaults. */
export type EngineOptions = z.output<typeof engineOptionsSchema>
/** Engine options as a caller gives them: each may be left out. */
export type EngineOptionsInput = z.input<typeof engineOptionsSchema>

/**
 * `input` with the defaults; undefined counts as absent. `LSM_INVALID_ARGUMENT` naming the option.
 */
export function parseEngineOptions(input: EngineOptionsInput): EngineOptions {
  checkPlain(input, 'the engine options')
  if (input.valueLog !== undefined) checkPlain(input.valueLog, 'the engine option valueLog')
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  const parsed = engineOptionsSchema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const name = issue.path.join('.')
  throw invalidArgument(`engine option ${name === '' ? '' : `${name}: `}${issue.message}`, {
    option: name,
  })
}
