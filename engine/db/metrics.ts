/**
 * Owns the counters of an open database, as raw numbers; amplifications are ratios that others make
 * of them. Bytes of files are not counted here but in the ledger.
 */

import type { SeqNum } from '../base/internal-key.ts'
import { ReadCounters } from '../base/read-counters.ts'
import type { StallMetrics } from '../scheduling/stall-log.ts'
import type { CommitHistory } from '../transaction/commit-history.ts'
import type { ConflictAccess } from '../transaction/validation.ts'
import type { WriteBatch } from '../wal/write-batch.ts'
import type { ValueLogMetrics } from './values/metrics.ts'

/** Counters of an open database, all since the open; sizes in bytes. */
export interface DatabaseMetrics {
  /**
   * Acknowledged key + value bytes of puts, key bytes of deletes and both keys of deleted ranges,
   * before overwrites collapse.
   */
  readonly userBytes: number
  readonly puts: number
  /** Deletions of keys and of ranges. */
  readonly deletes: number
  readonly flushes: number
  readonly merges: number
  readonly moves: number
  readonly drops: number
  /** Raw key and value bytes written by flushes … */
  readonly rawBytesFlushed: number
  /** … and by merges, by output level. */
  readonly rawBytesMergedByLevel: readonly number[]
  readonly gets: ReadCounters
  readonly scans: ReadCounters
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly cacheUsedBytes: number
  /** Tables whose index, filter and range deletions are in memory, and the bytes of these. */
  readonly openTables: number
  readonly tableMemoryBytes: number
  readonly memtableRawBytes: number
  /** The strategy's estimate of bytes still to be merged. */
  readonly debtBytes: number
  /** Bytes of the tree's tables. */
  readonly tableBytes: number
  readonly valueLog: ValueLogMetrics
  readonly transactions: TransactionMetrics
  /** How long writers were held, by cause and step. Only where jobs run beside writes. */
  readonly stalls?: StallMetrics
}

/** What became of transactions since the open. */
export interface TransactionMetrics {
  readonly begun: number
  /** Also those that wrote nothing. The rest conflicted, were rolled back, failed, or are open. */
  readonly committed: number
  /** Refused commits, by the `access` of their `LSM_CONFLICT`. */
  readonly conflicts: Readonly<Record<ConflictAccess, number>>
  /** Attempts of `retry` after its first. */
  readonly retries: number
  readonly open: number
  /**
   * The snapshot of the oldest open transaction; null if none is open. Versions after it are kept,
   * and commits after it are noted.
   */
  readonly oldestSnapshotSeq: SeqNum | null
  /** Entries of commits that are kept for the checks of open transactions. */
  readonly notedEntries: number
}

/** The counters that transactions add to. */
export class TransactionCounters {
  begun = 0
  committed = 0
  retries = 0
  readonly conflicts: Record<ConflictAccess, number> = { write: 0, read: 0, history: 0 }
}

/** A copy of the counters, with what is open in `history`. */
export function transactionMetrics(
  counters: TransactionCounters,
  history: CommitHistory,
): TransactionMetrics {
  const { begun, committed, retries, conflicts } = counters
  return {
    begun,
    committed,
    conflicts: { ...conflicts },
    retries,
    open: history.openCount,
    oldestSnapshotSeq: history.oldestSnapshotSeq,
    notedEntries: history.entries,
  }
}

/** The counters that the database adds to. */
export class DatabaseCounters {
  userBytes = 0
  puts = 0
  deletes = 0
  flushes = 0
  merges = 0
  moves = 0
  drops = 0
  rawBytesFlushed = 0
  readonly rawBytesMergedByLevel: number[] = []
  readonly gets = new ReadCounters()
  readonly scans = new ReadCounters()
  readonly transactions = new TransactionCounters()

  /** Counts batches that became visible; `deletes` of their entries are deletions. */
  countCommitted(batches: readonly WriteBatch[], deletes: number): void {
    for (const batch of batches) {
      this.userBytes += batch.rawBytes
      this.puts += batch.count
    }
    this.puts -= deletes
    this.deletes += deletes
  }

  countMerged(level: number, rawBytes: number): void {
    const byLevel = this.rawBytesMergedByLevel
    while (byLevel.length <= level) byLevel.push(0)
    byLevel[level]! += rawBytes
  }
}
