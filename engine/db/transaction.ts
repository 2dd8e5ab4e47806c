/**
 * Owns a transaction of an open database, from its begin to its end. It is optimistic: it takes no
 * locks, keeps its writes to itself, and is checked when it commits
 * (`transaction/validation.ts`).
 *
 * Invariants: a read sees the database as it was at the begin, changed by the transaction's own
 * writes. Its writes are committed all together, after the check, or not at all. Once it has ended,
 * every call but `rollback` is refused, and it keeps nothing of the database.
 */

import { bytesIn, checkOptions, show } from '../base/arguments.ts'
import { invalidArgument, LsmError } from '../base/errors.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { CommitHistory } from '../transaction/commit-history.ts'
import { ReadSet } from '../transaction/read-set.ts'
import { conflictOf, type Isolation } from '../transaction/validation.ts'
import { WriteSet } from '../transaction/write-set.ts'
import {
  checkCursor,
  checkTransactionScan,
  copiesOfKeys,
  type HalfOpenRange,
  halfOpen,
  type KeyBounds,
  type TransactionScanOptions,
  upright,
  type WriteOptions,
  wantsSync,
} from './call-options.ts'
import type { CommitCheck } from './commit-group.ts'
import type { Commits } from './commits.ts'
import { type Cursor, PairIterator } from './cursor.ts'
import type { TransactionCounters } from './metrics.ts'
import type { Snapshot } from './snapshots.ts'
import type { CursorOwner, TransactionCursor } from './transaction-cursor.ts'

/** Options of `transaction`. */
export interface TransactionOptions {
  /**
   * What the check at the commit looks at. `snapshot`: the keys and ranges that were written; two
   * transactions may each read what the other writes (write skew). `serializable`: also the keys
   * and ranges that were read; then transactions behave as if they ran one after another. Default
   * `serializable`.
   */
  readonly isolation?: Isolation
}

/** A moment within a transaction, to which its writes can be taken back. */
export interface Savepoint {
  /** How many savepoints the transaction had when it was made; they end in reverse order. */
  readonly depth: number
}

/** What a transaction asks of its database. */
export interface TransactionHost {
  readonly history: CommitHistory
  readonly commits: Pick<Commits, 'commit' | 'commitNow'>
  readonly counters: TransactionCounters
  assertOpen(): void
  /** Throws when a commit that blocks is not allowed now. */
  assertAtRest(): void
  get(key: Uint8Array, snapshot: Snapshot): Uint8Array | undefined
  has(key: Uint8Array, snapshot: Snapshot): boolean
  getMany(
    keys: readonly Uint8Array[],
    snapshot: Snapshot,
  ): Promise<readonly (Uint8Array | undefined)[]>
  /** A cursor at the snapshot, with the writes laid over it. */
  cursor(
    range: HalfOpenRange,
    snapshot: Snapshot,
    writes: WriteSet,
    owner: CursorOwner,
  ): TransactionCursor
}

/** How a transaction ended, as error messages say it. */
type End = 'was committed' | 'was rolled back' | 'ended in a conflict' | 'ended in a failure'

/**
 * A transaction. Commit it, or roll it back (or declare it with `using`): until then the versions
 * that it sees are kept, and all commits are noted for its check. After its end each call throws
 * `LSM_CLOSED`.
 */
export class Transaction implements Disposable {
  readonly isolation: Isolation
  /** The newest sequence number that it sees. */
  readonly snapshotSeq: SeqNum
  readonly #host: TransactionHost
  readonly #snapshot: Snapshot
  readonly #writes = new WriteSet()
  readonly #reads: ReadSet | null
  readonly #cursors = new Set<TransactionCursor>()
  /** Those that have not ended, with the mark of their moment. */
  readonly #savepoints: { readonly savepoint: Savepoint; readonly mark: number }[] = []
  readonly #savepointsMade = new WeakSet<Savepoint>()
  #end: End | 'is being committed' | null = null

  /** The engine makes transactions: `Database.transaction`. Takes `snapshot`. */
  constructor(host: TransactionHost, snapshot: Snapshot, isolation: Isolation) {
    this.#host = host
    this.#snapshot = snapshot
    this.snapshotSeq = snapshot.seq
    this.isolation = isolation
    this.#reads = isolation === 'serializable' ? new ReadSet() : null
    host.history.begin(this)
    host.counters.begun++
  }

  /** Whether it can be read, written, committed and rolled back. */
  get isOpen(): boolean {
    return this.#end === null
  }

  /**
   * How many separate ranges of keys its scans and cursors have read; the memory for the check
   * grows with them. Ranges that meet count as one. 0 under `snapshot`.
   */
  get readSpans(): number {
    return this.#reads?.spanCount ?? 0
  }

  /** The value of `key` in this transaction, or undefined; borrowed as that of `Database.get`. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    bytesIn(key, 'key')
    const written = this.#writes.get(key)
    if (written !== undefined) return written.value?.slice()
    const value = this.#host.get(key, this.#snapshot)
    this.#reads?.addKey(key)
    return value
  }

  /** Whether `key` has a value in this transaction. */
  has(key: Uint8Array): boolean {
    this.#assertOpen()
    bytesIn(key, 'key')
    const written = this.#writes.get(key)
    if (written !== undefined) return written.value !== null
    const isThere = this.#host.has(key, this.#snapshot)
    this.#reads?.addKey(key)
    return isThere
  }

  /**
   * The values of many keys in this transaction, in their order; read as by `Database.getMany`.
   * They are those of the moment of the call, and count as read from then on. Keys are copied.
   */
  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen()
    const copies = copiesOfKeys(keys)
    const own = copies.map((key) => this.#writes.get(key))
    const asked = copies.filter((_, index) => own[index] === undefined)
    for (const key of asked) this.#reads?.addKey(key)
    const seen = (await this.#host.getMany(asked, this.#snapshot)).values()
    return own.map((entry) => (entry === undefined ? seen.next().value : entry.value?.slice()))
  }

  /**
   * The entries between the bounds as owned [key, value] pairs, as the transaction sees them at the
   * moment of the call. `LSM_INVALID_ARGUMENT` if the lower bound is above the upper one.
   */
  scan(
    options: TransactionScanOptions = {},
  ): IterableIterator<[Uint8Array, Uint8Array]> & Disposable {
    this.#assertOpen()
    const asked = checkTransactionScan(options)
    return new PairIterator(this.#cursor(halfOpen(asked)), asked)
  }

  /**
   * A cursor over the entries between the bounds, as the transaction sees them at the moment of the
   * call; as that of `Database.cursor`. What it shows and what it passes over counts as read, and
   * nothing beyond. It ends with the transaction, and with a rollback to a savepoint. Errors: as
   * `scan`.
   */
  cursor(bounds?: KeyBounds): Cursor {
    this.#assertOpen()
    checkCursor(bounds, undefined)
    return this.#cursor(upright(halfOpen(bounds ?? {}), 'cursor'))
  }

  /** Copies both. Errors: as `WriteBatch.put`. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#assertOpen()
    this.#writes.put(key, value)
  }

  /** It is no error if the key has no value. Errors: as `WriteBatch.delete`. */
  delete(key: Uint8Array): void {
    this.#assertOpen()
    this.#writes.delete(key)
  }

  /**
   * Deletes all keys from `from` up to but without `to`, those that the transaction has put
   * included. The whole range counts as written: a later commit of any key in it conflicts. Errors:
   * as `WriteBatch.deleteRange`.
   */
  deleteRange(from: Uint8Array, to: Uint8Array): void {
    this.#assertOpen()
    this.#writes.deleteRange(from, to)
  }

  /** The current moment, for `rollbackTo`. */
  savepoint(): Savepoint {
    this.#assertOpen()
    const savepoint: Savepoint = Object.freeze({ depth: this.#savepoints.length })
    this.#savepoints.push({ savepoint, mark: this.#writes.mark() })
    this.#savepointsMade.add(savepoint)
    return savepoint
  }

  /**
   * Takes back all writes after the savepoint, which stays; later savepoints and all scans and
   * cursors of the transaction end. What was read still counts as read.
   */
  rollbackTo(savepoint: Savepoint): void {
    this.#assertOpen()
    const index = this.#indexOf(savepoint)
    this.#savepoints.length = index + 1
    this.#writes.rewind(this.#savepoints[index]!.mark)
    this.#closeCursors()
  }

  /** Ends the savepoint and later ones; their writes stay. */
  release(savepoint: Savepoint): void {
    this.#assertOpen()
    this.#savepoints.length = this.#indexOf(savepoint)
    if (this.#savepoints.length === 0) this.#writes.forgetMarks()
  }

  /**
   * Commits the writes together. Resolves when they are as durable as `options.sync` asks. Rejects
   * with `LSM_CONFLICT` if another commit since the begin forbids it; `data` says by which access
   * (`write`, `read` or `history`), key, range and sequence number. Nothing was written then: run
   * the whole transaction again. Either way the transaction has ended, unless an argument was
   * wrong. Other errors: as `Database.write`.
   */
  async commit(options?: WriteOptions): Promise<void> {
    this.#assertOpen()
    const sync = wantsSync(options, 'commit')
    const batch = this.#writes.toBatch()
    if (batch.count === 0 && sync !== true) {
      this.#finish('was committed')
      return
    }
    this.#end = 'is being committed'
    this.#closeCursors()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#host.commits.commit(batch, sync, resolve, reject, this.#check)
      })
      this.#finish('was committed')
    } finally {
      this.#finish('ended in a failure')
    }
  }

  /** As `commit`, but blocks; see `Database.writeSync`. */
  commitSync(options?: WriteOptions): void {
    this.#assertOpen()
    const sync = wantsSync(options, 'commitSync')
    const batch = this.#writes.toBatch()
    this.#host.assertAtRest()
    this.#end = 'is being committed'
    this.#closeCursors()
    try {
      if (batch.count > 0 || sync === true) {
        this.#host.commits.commitNow(batch, sync, this.#check)
      }
      this.#finish('was committed')
    } finally {
      this.#finish('ended in a failure')
    }
  }

  /** Ends the transaction without writing. Idempotent; does nothing once a commit has begun. */
  rollback(): void {
    if (this.#end === null) this.#finish('was rolled back')
  }

  [Symbol.dispose](): void {
    this.rollback()
  }

  /** The check at the commit. From then on other transactions note nothing for this one. */
  readonly #check: CommitCheck = () => {
    const { history } = this.#host
    const conflict = this.#writes.isEmpty ? null : conflictOf(this.#validated(), history)
    if (conflict !== null) {
      this.#host.counters.conflicts[conflict.access]++
      this.#finish('ended in a conflict')
    }
    history.end(this)
    return conflict?.error ?? null
  }

  #validated() {
    return { snapshotSeq: this.snapshotSeq, writes: this.#writes, reads: this.#reads }
  }

  /** The first end counts. */
  #finish(end: End): void {
    if (this.#end !== null && this.#end !== 'is being committed') return
    this.#end = end
    if (end === 'was committed') this.#host.counters.committed++
    this.#closeCursors()
    this.#host.history.end(this)
    this.#snapshot.release()
  }

  #closeCursors(): void {
    for (const cursor of this.#cursors) cursor.cutOff()
  }

  #cursor(range: HalfOpenRange): TransactionCursor {
    const cursor = this.#host.cursor(range, this.#snapshot, this.#writes, {
      trace: this.#reads?.trace(range) ?? null,
      assertOpen: () => this.#assertOpen(),
      closed: (closed) => this.#cursors.delete(closed),
    })
    this.#cursors.add(cursor)
    return cursor
  }

  #indexOf(savepoint: Savepoint): number {
    const index = this.#savepoints.findIndex((known) => known.savepoint === savepoint)
    if (index >= 0) return index
    const isObject = typeof savepoint === 'object' && savepoint !== null
    if (isObject && this.#savepointsMade.has(savepoint)) {
      throw new LsmError('LSM_CLOSED', 'the savepoint was released or rolled back')
    }
    throw invalidArgument(
      `savepoint must be what savepoint() of this transaction gave, not ${show(savepoint)}`,
    )
  }

  #assertOpen(): void {
    this.#host.assertOpen()
    if (this.#end === null) return
    throw new LsmError('LSM_CLOSED', `the transaction ${this.#end}`, { data: { end: this.#end } })
  }
}

const TRANSACTION_OPTIONS = ['isolation'] as const satisfies readonly (keyof TransactionOptions)[]

/** The isolation that the caller asked for. `LSM_INVALID_ARGUMENT` for bad options. */
export function wantedIsolation(options: TransactionOptions): Isolation {
  const { isolation = 'serializable' } = checkOptions(options, TRANSACTION_OPTIONS, 'transaction')
  return checkedIsolation(isolation)
}

export function checkedIsolation(isolation: Isolation): Isolation {
  if (isolation === 'snapshot' || isolation === 'serializable') return isolation
  const shown = typeof isolation === 'string' ? JSON.stringify(isolation) : show(isolation)
  throw invalidArgument(`isolation must be 'snapshot' or 'serializable', not ${shown}`, {
    option: 'isolation',
  })
}
