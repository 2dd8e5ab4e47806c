/**
 * Owns the order of commits: batch → write-ahead log → (fdatasync) → memtable → acknowledged.
 * Promised writes that wait together form a group: one append to the log, one fdatasync if any of
 * them asked for it. Invariants: sequence numbers are consecutive in log order; nothing is visible
 * to readers before it is as durable as its writer asked; nothing is acknowledged before that.
 */

import { ENTRY_KIND } from '../base/internal-key.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { LogWriter } from '../wal/log-writer.ts'
import type { WriteBatch, WriteBatchSink } from '../wal/write-batch.ts'

/** Where batches go: a log before a memtable. Rotation swaps both. */
export interface CommitHead {
  readonly log: LogWriter
  readonly memtable: MemTable
  lastSeq: number
  nowMs(): number
}

/** What commits ask of the database and tell it. */
export interface CommitGate {
  /** Throws the reason why the database takes no writes. */
  assertWritable(): void
  /** Batches became visible; `deletes` of their entries are deletions. */
  committed(batches: readonly WriteBatch[], deletes: number): void
  /** A write failed: the log's end is unknown, so nothing may be written until a reopen. */
  failed(cause: unknown): unknown
}

interface Waiting {
  readonly batch: WriteBatch
  readonly sync: boolean
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** A group stays below this many bytes of batches, so that a lone small write need not wait long. */
const GROUP_BYTES_MAX = 1024 * 1024

export class Commits {
  readonly #head: CommitHead
  readonly #gate: CommitGate
  readonly #queue: Waiting[] = []
  readonly #inserter: MemTableInserter
  #scheduled = false
  /** The group whose fdatasync is under way; nothing of it is visible yet. */
  #syncing: readonly Waiting[] | null = null

  constructor(head: CommitHead, gate: CommitGate) {
    this.#head = head
    this.#gate = gate
    this.#inserter = new MemTableInserter(head)
  }

  /** Commits before it returns; groups under way are finished first. */
  commitNow(batch: WriteBatch, sync: boolean): void {
    this.settle()
    this.#gate.assertWritable()
    // An empty batch still makes older writes durable when it asks for that.
    if (batch.count === 0 && !sync) return
    const batches = [batch]
    try {
      this.#log(batches)
      if (sync) this.#head.log.sync()
    } catch (cause) {
      throw this.#gate.failed(cause)
    }
    this.#publish(batches)
  }

  /** Commits soon; `batch` must not change until the promise settles. */
  commit(batch: WriteBatch, sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, sync, resolve, reject })
      this.#schedule()
    })
  }

  /** Finishes everything queued and under way, blocking; promises resolve in their own time. */
  settle(): void {
    if (this.#syncing !== null) {
      const group = this.#syncing
      try {
        this.#head.log.sync()
        this.#acknowledge(group)
      } catch (cause) {
        this.#reject(group, this.#gate.failed(cause))
      }
    }
    while (this.#queue.length > 0) this.#commitGroup(this.#takeGroup(), 'now')
  }

  #schedule(): void {
    if (this.#scheduled || this.#syncing !== null || this.#queue.length === 0) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#queue.length > 0 && this.#syncing === null) {
        this.#commitGroup(this.#takeGroup(), 'later')
      }
      this.#schedule()
    })
  }

  #takeGroup(): readonly Waiting[] {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && (count === 0 || bytes < GROUP_BYTES_MAX)) {
      bytes += this.#queue[count]!.batch.byteLength
      count++
    }
    return this.#queue.splice(0, count)
  }

  #commitGroup(group: readonly Waiting[], when: 'now' | 'later'): void {
    try {
      this.#gate.assertWritable()
    } catch (cause) {
      this.#reject(group, cause)
      return
    }
    try {
      this.#log(group.map((waiting) => waiting.batch))
      if (group.some((waiting) => waiting.sync)) {
        if (when === 'later') {
          this.#syncLater(group)
          return
        }
        this.#head.log.sync()
      }
    } catch (cause) {
      this.#reject(group, this.#gate.failed(cause))
      return
    }
    this.#acknowledge(group)
  }

  #syncLater(group: readonly Waiting[]): void {
    this.#syncing = group
    this.#head.log.syncAsync().then(
      () => {
        if (this.#syncing === group) this.#acknowledge(group)
        this.#schedule()
      },
      (cause: unknown) => {
        if (this.#syncing === group) this.#reject(group, this.#gate.failed(cause))
        this.#schedule()
      },
    )
  }

  #acknowledge(group: readonly Waiting[]): void {
    this.#syncing = null
    this.#publish(group.map((waiting) => waiting.batch))
    for (const waiting of group) waiting.resolve()
  }

  #reject(group: readonly Waiting[], cause: unknown): void {
    this.#syncing = null
    for (const waiting of group) waiting.reject(cause)
  }

  #log(batches: readonly WriteBatch[]): void {
    const { log, lastSeq } = this.#head
    let seq = lastSeq + 1
    for (const batch of batches) {
      batch.setSeq(seq)
      log.add(batch.view())
      seq += batch.count
    }
    log.write()
  }

  #publish(batches: readonly WriteBatch[]): void {
    let deletes = 0
    for (const batch of batches) deletes += this.#inserter.insert(batch)
    this.#gate.committed(batches, deletes)
  }
}

/** Applies batches to the memtable, an entry a sequence number; also used by recovery. */
export class MemTableInserter implements WriteBatchSink {
  readonly #head: Omit<CommitHead, 'log'>
  #memtable: MemTable | null = null
  #seq = 0
  #deletes = 0

  constructor(head: Omit<CommitHead, 'log'>) {
    this.#head = head
  }

  /** Returns how many of the entries are deletions. */
  insert(batch: WriteBatch): number {
    if (batch.count === 0) return 0
    const memtable = this.#head.memtable
    this.#memtable = memtable
    this.#seq = this.#head.lastSeq
    this.#deletes = 0
    batch.forEach(this)
    memtable.noteWriteTime(this.#head.nowMs(), this.#deletes > 0)
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
    this.#seq++
    this.#memtable!.add(
      this.#seq,
      value,
      bytes,
      keyStart,
      keyLength,
      bytes,
      valueStart,
      valueLength,
    )
  }

  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#seq++
    this.#deletes++
    this.#memtable!.add(this.#seq, ENTRY_KIND.deletion, bytes, keyStart, keyLength, bytes, 0, 0)
  }
}
