/** Owns the engine's public face: what a user of the storage engine imports, and nothing else. */

export { type Clock, ManualClock, systemClock, systemTimers, type Timers } from './base/clock.ts'
export { isLsmError, LSM_ERROR_CODES, LsmError, type LsmErrorCode } from './base/errors.ts'
export type { Json } from './base/json.ts'
export { createRandom, deriveSeed, type Random } from './base/random.ts'
export { ReadCounters } from './base/read-counters.ts'
export { guardStrategy } from './compaction/guarded-strategy.ts'
export type * from './compaction/strategy.ts'
export { checkedPick, checkedScores } from './compaction/strategy-answers.ts'
export type * from './compaction/value-log-policy.ts'
export type {
  AsyncScanOptions,
  KeyBounds,
  ReadOptions,
  ScanOptions,
  TransactionScanOptions,
  WriteOptions,
} from './db/call-options.ts'
export type { EventMessage } from './db/channels.ts'
export type { CheckpointReport } from './db/checkpoint.ts'
export type { Cursor } from './db/cursor.ts'
export { Database } from './db/database.ts'
export type {
  CollectEvent,
  DatabaseEvent,
  EventSlice,
  IngestEvent,
  JobEvent,
  LostWrites,
  RecoveryEvent,
  ReplayReport,
  SlowOperationEvent,
  WatchedOperation,
} from './db/events.ts'
export type { IngestOptions, IngestReport } from './db/ingest.ts'
export type { DatabaseMetrics, TransactionMetrics } from './db/metrics.ts'
export { checkpointFolder } from './db/offline/checkpoint-folder.ts'
export { describeFolder, type FolderDescription } from './db/offline/closed-folder.ts'
export { type ExportReport, exportDatabase } from './db/offline/export.ts'
export { type FolderTree, readFolderTree } from './db/offline/folder-tree.ts'
export { type RepairOptions, type RepairReport, repairDatabase } from './db/offline/repair.ts'
export type { Loss } from './db/offline/repair-sources.ts'
export { type VerifyReport, verifyDatabase } from './db/offline/verify.ts'
export type { OpenOptions } from './db/open-options.ts'
export {
  BACKGROUND_JOBS_DEFAULT,
  type EngineOptions,
  type EngineOptionsInput,
  engineOptionsSchema,
  HARD_DEBT_MEMTABLES,
  MEMTABLES_MAX_DEFAULT,
  parseEngineOptions,
  SLOWDOWN_DEFAULT,
  SOFT_DEBT_MEMTABLES,
  type ValueLogOptions,
} from './db/options.ts'
export { type OptionsRecord, readOptionsRecord } from './db/options-record.ts'
export { type DatabaseReader, openReader, type ReaderMetrics } from './db/readers/reader.ts'
export type { ReaderChannel } from './db/readers/reader-channel.ts'
export type { ReaderOptions } from './db/readers/reader-hub.ts'
export type { RetryOptions } from './db/retry.ts'
export type { Snapshot } from './db/snapshots.ts'
export { threads } from './db/threads/threads.ts'
export type { Savepoint, Transaction, TransactionOptions } from './db/transaction.ts'
export type { SegmentFigures, ValueLogMetrics } from './db/values/metrics.ts'
export type { ExecutorFactory, ExecutorParts } from './scheduling/executor-factory.ts'
export type { JobExecutor, JobOrder, JobOutcome } from './scheduling/job-order.ts'
export type * from './scheduling/policy.ts'
export type { StallEvent, StallMetrics } from './scheduling/stall-log.ts'
export type { DeviceModel, DeviceWork } from './scheduling/virtual/device-model.ts'
export { jobWork } from './scheduling/virtual/job-work.ts'
export { VirtualClock } from './scheduling/virtual/virtual-clock.ts'
export { VirtualExecutor } from './scheduling/virtual/virtual-executor.ts'
export type { VirtualWork } from './scheduling/virtual/virtual-runner.ts'
export { EncryptedStorage } from './storage/encryption/encrypted-storage.ts'
export { type DerivationCost, EncryptionKey } from './storage/encryption/encryption-key.ts'
export { isEncrypted, passphraseKey } from './storage/encryption/passphrase-key.ts'
export {
  CAUSES,
  type Cause,
  cellsBetween,
  Ledger,
  type LedgerBalance,
  type LedgerCell,
  type SharedLedger,
  sumCells,
} from './storage/ledger.ts'
export { MemoryStorage } from './storage/memory-storage.ts'
export { NodeStorage } from './storage/node-storage.ts'
export { countFolder, type SharedStorage, type Storage } from './storage/storage.ts'
export type { Isolation } from './transaction/validation.ts'
export { parseEdit, printEdit } from './version/edit-text.ts'
export type * from './version/level.ts'
export type * from './version/run.ts'
export type { SegmentMeta, Segments } from './version/segment-meta.ts'
export type { TableId, TableMeta } from './version/table-meta.ts'
export { printVersion } from './version/text.ts'
export { EMPTY_VERSION, type Version } from './version/version.ts'
export { applyEdit, type VersionEdit } from './version/version-edit.ts'
export { VALUE_BYTES_MAX, WriteBatch } from './wal/write-batch.ts'
