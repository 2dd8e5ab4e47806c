/**
 * Owns the scan of a transaction. Invariant: the read set knows at each moment how far the scan has
 * gone: to the key that it showed last, or to the end of its bounds.
 */

import { LsmError } from '../base/errors.ts'
import type { ScannedSpan } from '../transaction/read-set.ts'
import type { TransactionScanOptions } from './call-options.ts'
import { type Cursor, CursorSteps } from './cursor.ts'

/** What a scan asks of its transaction. */
interface ScanOwner {
  assertOpen(): void
  ended(): void
}

/** A scan of a transaction. It tells the read set how far it has gone. */
export class TransactionScan extends Iterator<[Uint8Array, Uint8Array]> implements Disposable {
  readonly #cursor: Cursor
  readonly #steps: CursorSteps
  readonly #read: ScannedSpan | null
  readonly #owner: ScanOwner
  #left: number
  #isEnded = false
  #isCutOff = false

  constructor(
    cursor: Cursor,
    options: TransactionScanOptions,
    read: ScannedSpan | null,
    owner: ScanOwner,
  ) {
    super()
    this.#cursor = cursor
    this.#steps = new CursorSteps(cursor, options)
    this.#read = read
    this.#owner = owner
    this.#left = options.limit ?? Number.POSITIVE_INFINITY
  }

  /** `LSM_CLOSED` if the transaction has ended, or was rolled back to a savepoint. */
  override next(): IteratorResult<[Uint8Array, Uint8Array], undefined> {
    this.#owner.assertOpen()
    if (this.#isCutOff) {
      throw new LsmError('LSM_CLOSED', 'the scan was ended by a rollback to a savepoint')
    }
    const cursor = this.#cursor
    try {
      if (this.#isEnded || !this.#steps.move()) {
        if (!this.#isEnded && this.#left > 0) this.#read?.complete()
        return this.return()
      }
    } catch (error) {
      this.return()
      throw error
    }
    this.#left--
    this.#read?.reached(cursor.keyBytes, cursor.keyStart, cursor.keyLength)
    return { done: false, value: [cursor.key(), cursor.value()] }
  }

  override return(): { done: true; value: undefined } {
    this.#isEnded = true
    this.#steps.end()
    this.#cursor.close()
    this.#owner.ended()
    return { done: true, value: undefined }
  }

  /** Ends the scan for its transaction; its consumer hears of it at the next step. */
  cutOff(): void {
    this.#isCutOff = true
    this.return()
  }

  override [Symbol.dispose](): void {
    this.return()
  }
}
