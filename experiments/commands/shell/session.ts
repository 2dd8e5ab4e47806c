/**
 * Owns the state of a shell: the open database, the batch or transaction under way, and named
 * snapshots. Invariant: the database is open between commands.
 */
import {
  type Database,
  type Savepoint,
  type Snapshot,
  type Storage,
  type Transaction,
  type VerifyReport,
  verifyDatabase,
  type WriteBatch,
} from '../../../engine/index.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import type { Look } from '../../cli/terminal.ts'

export class Session {
  #db: Database
  readonly #reopen: () => Database
  readonly look: Look
  readonly #storage: Storage
  /** Puts and deletes go here until it is written; null outside of a batch. */
  batch: WriteBatch | null = null
  /** Reads and writes go through it; null outside of a transaction. */
  transaction: Transaction | null = null
  /** Those of the transaction, by name. */
  readonly savepoints = new Map<string, Savepoint>()
  readonly snapshots = new Map<string, Snapshot>()
  /** Set when the shell should end. */
  isOver = false

  /** `open` opens the database now, and again after it had to be closed. */
  constructor(open: () => Database, storage: Storage, look: Look) {
    this.#db = open()
    this.#storage = storage
    this.#reopen = open
    this.look = look
  }

  get db(): Database {
    return this.#db
  }

  /** Undefined for no name: the newest moment. */
  snapshotNamed(name: string | undefined): Snapshot | undefined {
    if (name === undefined) return undefined
    if (this.transaction !== null) throw new UsageError('a transaction reads at its own moment')
    const snapshot = this.snapshots.get(name)
    if (snapshot === undefined) throw unknownName('snapshot', name, [...this.snapshots.keys()])
    return snapshot
  }

  /** Verifies the files. The database is closed meanwhile, because verifying needs the lock. */
  verify(): VerifyReport {
    this.refuseWhileWriting()
    if (this.snapshots.size > 0) {
      throw new UsageError('verify closes the database for a moment; release the snapshots first')
    }
    const { folder } = this.#db
    this.#db.close()
    try {
      return verifyDatabase(this.#storage, folder)
    } finally {
      this.#db = this.#reopen()
    }
  }

  /** Throws `UsageError` while a batch or a transaction is open. */
  refuseWhileWriting(): void {
    if (this.batch !== null) throw new UsageError('a batch is open; write or discard it first')
    if (this.transaction === null) return
    throw new UsageError('a transaction is open; commit it or roll it back first')
  }

  /** Gives up the transaction, unless it has ended. */
  endTransaction(): void {
    this.transaction?.rollback()
    this.transaction = null
    this.savepoints.clear()
  }

  /** What the end of the shell would give up, or null. */
  get unwritten(): 'batch' | 'transaction' | null {
    if (this.batch !== null) return 'batch'
    return this.transaction === null ? null : 'transaction'
  }

  close(): void {
    this.endTransaction()
    for (const snapshot of this.snapshots.values()) snapshot.release()
    this.#db.close()
  }
}
