/**
 * Owns the counters of one open database: raw numbers from which others make ratios. Bytes moved are
 * not here but in the ledger, which counts each once.
 */

import { ReadCounters } from '../base/read-counters.ts'
import type { SegmentFigures } from './values/value-log.ts'

/** Counters of an open database, all since the open; sizes in bytes. */
export interface DatabaseMetrics {
  /** Acknowledged key + value bytes of puts and key bytes of deletes, before overwrites collapse. */
  readonly userBytes: number
  readonly puts: number
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
  readonly memtableRawBytes: number
  /** The strategy's estimate of bytes still to be merged. */
  readonly debtBytes: number
  /** Bytes of the tree's tables. */
  readonly tableBytes: number
  readonly valueLog: ValueLogMetrics
}

/** All zero of a database that never separated a value. */
export interface ValueLogMetrics {
  /** Record bytes appended by writers, and by collection: values written anew or moved. */
  readonly appendedBytes: number
  readonly movedBytes: number
  readonly segmentsCollected: number
  /** Record bytes of the segments collected by a policy's pick, and of the values found live there. */
  readonly collectedBytes: number
  readonly collectedLiveBytes: number
  /** Complete segments, oldest first. */
  readonly segments: readonly SegmentFigures[]
  /** Over those that hold data: record bytes, and how many of them tables point to … */
  readonly logBytes: number
  readonly liveBytes: number
  /** … the rest is garbage: overwritten or deleted, as far as merges have found out. */
  readonly garbageBytes: number
  /** Record bytes in segments that the memtable points into. */
  readonly unsealedBytes: number
}

/** The mutable half, owned by the database. */
export class DatabaseCounters {
  userBytes = 0
  puts = 0
  deletes = 0
  flushes = 0
  merges = 0
  moves = 0
  drops = 0
  rawBytesFlushed = 0
  readonly collection = { segments: 0, bytes: 0, liveBytes: 0, relocatedBytes: 0 }
  readonly rawBytesMergedByLevel: number[] = []
  readonly gets = new ReadCounters()
  readonly scans = new ReadCounters()

  countMerged(level: number, rawBytes: number): void {
    const byLevel = this.rawBytesMergedByLevel
    while (byLevel.length <= level) byLevel.push(0)
    byLevel[level]! += rawBytes
  }
}
