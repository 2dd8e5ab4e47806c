/**
 * Owns what waits to be committed together. Invariant: batches and their writers are in the order
 * of the calls.
 */

import type { LsmError } from '../base/errors.ts'
import type { WriteBatch } from '../wal/write-batch.ts'
import type { Durability } from './call-options.ts'

/**
 * Returns the conflict of a transaction with the commits before its place in the log, or null. It
 * is called once, when that place is known.
 */
export type CommitCheck = () => LsmError | null

/** The writer of a batch, who waits for its end. */
export interface Writer {
  /** Whether the batch is one of `entryBatch`, to be used again. */
  readonly isEntry: boolean
  /** Null if the batch is not a transaction's. */
  readonly check: CommitCheck | null
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** Promised writes that are committed together, in the order of the calls; at least one. */
export class Group {
  /** Literals of one element: most groups of a writer that waits for each write stay this small. */
  readonly batches: WriteBatch[]
  readonly writers: Writer[]
  bytes: number
  /** The durabilities that its writers asked for. */
  isSynced: boolean
  isSyncedInInterval: boolean
  /** Whether a batch is a transaction's. */
  isChecked: boolean

  constructor(batch: WriteBatch, writer: Writer, sync: Durability) {
    this.batches = [batch]
    this.writers = [writer]
    this.bytes = batch.byteLength
    this.isSynced = sync === true
    this.isSyncedInInterval = sync === 'interval'
    this.isChecked = writer.check !== null
  }

  add(batch: WriteBatch, writer: Writer, sync: Durability): void {
    this.batches.push(batch)
    this.writers.push(writer)
    this.bytes += batch.byteLength
    if (sync === true) this.isSynced = true
    else if (sync === 'interval') this.isSyncedInInterval = true
    if (writer.check !== null) this.isChecked = true
  }
}
