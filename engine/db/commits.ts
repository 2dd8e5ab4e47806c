/**
 * Owns the order of a commit: large values go to the value log, the batch to the write-ahead log
 * (with an fdatasync if asked for), its entries into the memtable, and then the writer is told.
 * Promised writes that wait together form a group: one append to the log, one fdatasync if any of
 * them asked for it, and the same for the value log if it took values.
 *
 * Invariants: sequence numbers are consecutive in log order; a write is neither visible nor
 * acknowledged before it is as durable as its writer asked; every promised write settles, in the
 * order of the calls, even if no other call follows.
 */

import { invalidArgument } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { WriteBatch, WriteBatchSink } from '../wal/write-batch.ts'

/** The logs and the memtable that batches go to. A rotation replaces them. */
export interface CommitHead {
  readonly memtable: MemTable
  lastSeq: number
  nowMs(): number
  /**
   * Hands batches to the operating system, from `lastSeq` + 1 on. Returns them as they are stored,
   * large values replaced by pointers; borrowed until the next append.
   */
  append(batches: readonly WriteBatch[]): readonly WriteBatch[]
  /** What was appended is durable when this returns, or when the promise resolves. */
  sync(): void
  syncAsync(): Promise<void>
}

/** What commits ask of the database and report to it. */
export interface CommitGate {
  /** Throws the reason if the database takes no writes. */
  assertWritable(): void
  /** Called when batches became visible; `deletes` of their entries are deletions. */
  committed(batches: readonly WriteBatch[], deletes: number): void
  /**
   * Called when a write failed: the end of the log is unknown, so nothing may be written until a
   * reopen. `isTold`: whether a writer gets the error. Returns `cause`, to be thrown.
   */
  failed(cause: unknown, isTold?: boolean): unknown
}

interface Waiting {
  readonly batch: WriteBatch
  readonly sync: boolean
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** A group that is in the log. */
interface Logged {
  readonly group: readonly Waiting[]
  /** Its batches as they enter the memtable: large values are pointers. */
  readonly stored: readonly WriteBatch[]
}

/** A group of this size takes no more batches, so that a small write does not wait long. */
const GROUP_BYTES_MAX = 1024 * 1024

export class Commits {
  readonly #head: CommitHead
  readonly #gate: CommitGate
  readonly #queue: Waiting[] = []
  readonly #inserter: MemTableInserter
  #scheduled = false
  /** The group whose fdatasync is under way; it is not visible yet. */
  #syncing: Logged | null = null
  #isUnpublished = false

  constructor(head: CommitHead, gate: CommitGate) {
    this.#head = head
    this.#gate = gate
    this.#inserter = new MemTableInserter(head)
  }

  /** Commits before it returns. Groups under way are finished first. */
  commitNow(batch: WriteBatch, sync: boolean): void {
    this.settle()
    this.#gate.assertWritable()
    // An empty batch with `sync` makes older writes durable.
    if (batch.count === 0 && !sync) return
    refusePointers(batch)
    const batches = [batch]
    try {
      const stored = this.#head.append(batches)
      if (sync) this.#head.sync()
      this.#publish(batches, stored)
    } catch (cause) {
      throw this.#gate.failed(cause)
    }
  }

  /** Commits soon, then calls `resolve` or `reject`. Until then `batch` refuses changes. */
  commit(
    batch: WriteBatch,
    sync: boolean,
    resolve: () => void,
    reject: (cause: unknown) => void,
  ): void {
    refusePointers(batch)
    batch.hold()
    this.#queue.push({ batch, sync, resolve, reject })
    this.#schedule()
  }

  /** Whether a group is in the log, but not yet in the memtable. */
  get hasUnpublished(): boolean {
    return this.#isUnpublished
  }

  /** Blocks until all queued writes are committed. Their promises resolve later, as usual. */
  settle(): void {
    if (this.#syncing !== null) {
      const logged = this.#syncing
      try {
        this.#head.sync()
        this.#acknowledge(logged)
      } catch (cause) {
        this.#reject(logged.group, this.#gate.failed(cause))
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
    while (count < this.#queue.length && bytes < GROUP_BYTES_MAX) {
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
      const stored = this.#head.append(group.map((waiting) => waiting.batch))
      const logged = { group, stored }
      if (group.some((waiting) => waiting.sync)) {
        if (when === 'later') {
          this.#syncLater(logged)
          return
        }
        this.#head.sync()
      }
      this.#acknowledge(logged)
    } catch (cause) {
      this.#reject(group, this.#gate.failed(cause))
    }
  }

  #syncLater(logged: Logged): void {
    this.#syncing = logged
    this.#isUnpublished = true
    this.#head
      .syncAsync()
      .then(() => {
        // A blocking call may have finished the group meanwhile.
        if (this.#syncing === logged) this.#acknowledge(logged)
      })
      .catch((cause: unknown) => {
        const isAwaited = this.#syncing === logged
        this.#gate.failed(cause, isAwaited)
        if (isAwaited) this.#reject(logged.group, cause)
      })
      .finally(() => this.#schedule())
  }

  #acknowledge({ group, stored }: Logged): void {
    this.#publish(
      group.map((waiting) => waiting.batch),
      stored,
    )
    this.#syncing = null
    for (const { batch, resolve } of group) {
      batch.release()
      resolve()
    }
  }

  #reject(group: readonly Waiting[], cause: unknown): void {
    this.#syncing = null
    for (const { batch, reject } of group) {
      batch.release()
      reject(cause)
    }
  }

  #publish(batches: readonly WriteBatch[], stored: readonly WriteBatch[]): void {
    let deletes = 0
    for (const batch of stored) deletes += this.#inserter.insert(batch, this.#head.nowMs())
    this.#isUnpublished = false
    this.#gate.committed(batches, deletes)
  }
}

/** A caller's batch must not contain pointers: only the engine knows where a value lies. */
function refusePointers(batch: WriteBatch): void {
  if (batch.pointers > 0) throw invalidArgument('the batch points into a value log')
}

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
