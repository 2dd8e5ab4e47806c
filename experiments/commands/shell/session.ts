/**
 * Owns the state of a shell: the open database, the batch being filled, and named snapshots.
 * Invariant: the database is open between commands.
 */
import {
  type Database,
  type Snapshot,
  type Storage,
  type VerifyReport,
  verifyDatabase,
  type WriteBatch,
} from '../../../engine/index.ts'
import { UsageError, unknownName } from '../../base/usage-error.ts'
import type { Look } from '../../cli/terminal.ts'

export class Session {
  #db: Database
  readonly #reopen: () => Database
  readonly #storage: () => Storage
  readonly look: Look
  /** Puts and deletes go here until it is written; null outside of a batch. */
  batch: WriteBatch | null = null
  readonly snapshots = new Map<string, Snapshot>()
  /** Set when the shell should end. */
  isOver = false

  /**
   * `open` opens the database now, and again after it had to be closed; `storage` reads its files.
   */
  constructor(open: () => Database, storage: () => Storage, look: Look) {
    this.#db = open()
    this.#reopen = open
    this.#storage = storage
    this.look = look
  }

  get db(): Database {
    return this.#db
  }

  /** Undefined for no name: the newest moment. */
  snapshotNamed(name: string | undefined): Snapshot | undefined {
    if (name === undefined) return undefined
    const snapshot = this.snapshots.get(name)
    if (snapshot === undefined) throw unknownName('snapshot', name, [...this.snapshots.keys()])
    return snapshot
  }

  /** Verifies the files. The database is closed meanwhile, because verifying needs the lock. */
  verify(): VerifyReport {
    if (this.batch !== null) throw new UsageError('a batch is open; write or discard it first')
    if (this.snapshots.size > 0) {
      throw new UsageError('verify closes the database for a moment; release the snapshots first')
    }
    const { folder } = this.#db
    this.#db.close()
    try {
      return verifyDatabase(this.#storage(), folder)
    } finally {
      this.#db = this.#reopen()
    }
  }

  close(): void {
    for (const snapshot of this.snapshots.values()) snapshot.release()
    this.#db.close()
  }
}
