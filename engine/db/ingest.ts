/**
 * Owns the ingest of tables: files with sorted entries that somebody else wrote become part of the
 * tree without passing through log and memtable (RocksDB's `IngestExternalFile`).
 *
 *   1. the tables are checked and rewritten (`external-table.ts`, `ingest-writer.ts`)
 *   2. the memtable is frozen, so that all older entries are in tables below
 *   3. one edit adds all new tables as the newest run of level 0, and the sequence number
 *   4. the entries become visible, and open transactions learn of their ranges
 *
 * Invariant: nothing is committed between the choice of the sequence number and step 4. Before the
 * edit is durable the database is as if nothing had happened; after it the ingest is complete.
 */

import { checkObject, checkOptions, checkText, show } from '../base/arguments.ts'
import { assert } from '../base/assert.ts'
import { invalidArgument } from '../base/errors.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { JobOutcome } from '../scheduling/job-order.ts'
import type { Storage } from '../storage/storage.ts'
import type { DatabaseParts } from './assemble.ts'
import { ExternalTable } from './external-table.ts'
import { IngestWriter } from './ingest-writer.ts'

/** Options of `ingest`. */
export interface IngestOptions {
  /**
   * Where the tables lie. Default: the database's storage. An encrypted database takes plain tables
   * from another one, for example `new NodeStorage()`.
   */
  readonly storage?: Pick<Storage, 'open'>
}

/** What an ingest added. */
export interface IngestReport {
  /** The sequence number of all its entries. */
  readonly seq: SeqNum
  readonly tables: number
  /** Keys, with their deletions, and pieces of deleted ranges that do not overlap. */
  readonly entries: number
  /** Bytes of the files that were read. */
  readonly bytesRead: number
  /** Bytes of the new tables. */
  readonly tableBytes: number
  /** Number of segments of the value log that were filled. */
  readonly segments: number
}

/** As `Database.ingest`. */
export function ingest(
  parts: DatabaseParts,
  paths: readonly string[],
  options: IngestOptions,
): IngestReport {
  const source = checkedSource(paths, options) ?? parts.storage
  const { head, history, maintenance } = parts
  let report: IngestReport | null = null
  maintenance.ingest(() => {
    const seq = head.lastSeq + 1
    const { outcome, bytesRead } = rewrite(parts, paths, source, seq)
    const tables = outcome.written.map(({ table }) => table)
    report = {
      seq,
      tables: tables.length,
      entries: tables.reduce((sum, { entries }) => sum + entries, 0),
      bytesRead,
      tableBytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: outcome.sealed.length,
    }
    const onInstalled = () => {
      assert(head.lastSeq === seq - 1, 'nothing was committed during the ingest')
      history.noteRanges(tables, seq)
      head.lastSeq = seq
      head.publish()
    }
    return { outcome, seq, bytesRead, onInstalled }
  })
  return report!
}

/** The storage that the caller names, if any. */
function checkedSource(
  paths: readonly string[],
  options: IngestOptions,
): Pick<Storage, 'open'> | undefined {
  if (!Array.isArray(paths)) throw invalidArgument(`tables must be an array, not ${show(paths)}`)
  if (paths.length === 0) throw invalidArgument('ingest needs at least one table')
  for (const [index, path] of paths.entries()) {
    checkText(path, `tables[${index}]`)
    if (path === '' || path.includes('\0')) {
      throw invalidArgument(`tables[${index}] names no file: ${JSON.stringify(path)}`)
    }
  }
  const { storage } = checkOptions(options, ['storage'], 'ingest')
  if (storage !== undefined) checkObject(storage, 'storage', ['open'])
  return storage
}

/** Writes the new tables, durably. If it throws, none of them is left. */
function rewrite(
  { room, storage, folder, numbers, options, strategy, scheduler, clock }: DatabaseParts,
  paths: readonly string[],
  source: Pick<Storage, 'open'>,
  seq: SeqNum,
): { readonly outcome: JobOutcome; readonly bytesRead: number } {
  const { bitsPerKey } = strategy.flushFilter(scheduler.view())
  const nowMs = clock.nowMs()
  const { valueLog } = options
  const writer = new IngestWriter({
    room,
    storage,
    folder,
    numbers,
    valueLog,
    bitsPerKey,
    seq,
    nowMs,
  })
  let bytesRead = 0
  try {
    for (const path of paths) {
      const table = ExternalTable.open(source, path)
      try {
        writer.rewrite(table)
        bytesRead += table.bytes
      } finally {
        table.close()
      }
    }
    return { outcome: writer.finish(), bytesRead }
  } catch (error) {
    writer.abandon()
    throw error
  }
}
