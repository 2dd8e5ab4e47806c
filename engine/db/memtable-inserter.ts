/**
 * Owns the way of a batch into the memtable. Invariant: each record takes the next sequence number,
 * in the order of the batch, as in the log.
 */

import { compareRanges } from '../base/compare.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { WriteBatch, WriteBatchSink } from '../wal/write-batch.ts'

/** The memtable that an inserter fills, and its newest sequence number. */
export interface MemTableHead {
  readonly memtable: MemTable
  lastSeq: number
}

/** Applies batches to the memtable, one sequence number per entry. Recovery uses it too. */
export class MemTableInserter implements WriteBatchSink {
  readonly #head: MemTableHead
  #memtable: MemTable | null = null
  #seq = 0
  #deletes = 0

  constructor(head: MemTableHead) {
    this.#head = head
  }

  /**
   * `atMs`: when the oldest entry of the batch was written. Returns how many entries are deletions.
   */
  insert(batch: WriteBatch, atMs: number): number {
    if (batch.count === 0) return 0
    const memtable = this.#head.memtable
    this.#memtable = memtable
    this.#seq = this.#head.lastSeq
    this.#deletes = 0
    batch.forEach(this)
    memtable.noteWriteTime(atMs, this.#deletes > 0)
    this.#head.lastSeq = this.#seq
    return this.#deletes
  }

  put(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    const { value } = ENTRY_KIND
    this.#add(value, bytes, keyStart, keyLength, valueStart, valueLength)
  }

  putPointer(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointerStart: number,
    pointerLength: number,
  ): void {
    const { blobIndex } = ENTRY_KIND
    this.#add(blobIndex, bytes, keyStart, keyLength, pointerStart, pointerLength)
  }

  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#deletes++
    this.#add(ENTRY_KIND.deletion, bytes, keyStart, keyLength, 0, 0)
  }

  /** An inverted range, which only a foreign log can hold, takes its number and deletes nothing. */
  deleteRange(
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void {
    this.#deletes++
    this.#seq++
    if (compareRanges(bytes, fromStart, fromLength, bytes, toStart, toLength) >= 0) return
    this.#memtable!.addRangeDeletion(this.#seq, bytes, fromStart, fromLength, toStart, toLength)
  }

  #add(
    kind: number,
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#seq++
    this.#memtable!.add(this.#seq, kind, bytes, keyStart, keyLength, bytes, valueStart, valueLength)
  }
}
