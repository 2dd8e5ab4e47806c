/**
 * Owns the cursor of a transaction. Invariant: what it has shown or passed over is in the trace of
 * its reads before the caller sees the result of the move. It ends with its transaction, and with a
 * rollback to a savepoint.
 */

import { LsmError } from '../base/errors.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { ReadTrace } from '../transaction/read-trace.ts'
import type { HalfOpenRange } from './call-options.ts'
import { Cursor, type ValueSource } from './cursor.ts'

/** What a cursor asks of its transaction, and reports to it. */
export interface CursorOwner {
  /** Null under `snapshot`, which does not look at reads. */
  readonly trace: ReadTrace | null
  assertOpen(): void
  closed(cursor: TransactionCursor): void
}

export interface TransactionCursorParts {
  readonly child: InternalCursor
  readonly seq: SeqNum
  readonly range: HalfOpenRange
  readonly values: ValueSource
  readonly release: () => void
  readonly owner: CursorOwner
}

/** As `Cursor`; each move also throws `LSM_CLOSED` when the transaction has ended. */
export class TransactionCursor extends Cursor {
  readonly #owner: CursorOwner
  readonly #trace: ReadTrace | null
  #isCutOff = false

  constructor({ child, seq, range, values, release, owner }: TransactionCursorParts) {
    super(child, seq, range, values, release)
    this.#owner = owner
    this.#trace = owner.trace
  }

  override seekToFirst(): void {
    this.#assertUsable()
    super.seekToFirst()
    this.#trace?.soughtUp(undefined, this)
  }

  override seekToLast(): void {
    this.#assertUsable()
    super.seekToLast()
    this.#trace?.soughtDown(undefined, this)
  }

  override seek(key: Uint8Array): void {
    this.#assertUsable()
    super.seek(key)
    this.#trace?.soughtUp(key, this)
  }

  override seekForPrev(key: Uint8Array): void {
    this.#assertUsable()
    super.seekForPrev(key)
    this.#trace?.soughtDown(key, this)
  }

  override next(): void {
    this.#assertUsable()
    super.next()
    this.#trace?.movedUp(this)
  }

  override prev(): void {
    this.#assertUsable()
    super.prev()
    this.#trace?.movedDown(this)
  }

  override close(): void {
    this.#trace?.end()
    super.close()
    this.#owner.closed(this)
  }

  /** Closes it for its transaction; its user hears of it at the next move. */
  cutOff(): void {
    this.#isCutOff = true
    this.close()
  }

  #assertUsable(): void {
    this.#owner.assertOpen()
    if (!this.#isCutOff) return
    throw new LsmError('LSM_CLOSED', 'the cursor was ended by a rollback to a savepoint')
  }
}
