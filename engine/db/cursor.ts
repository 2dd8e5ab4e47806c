/**
 * Owns the public cursor and the iterator over it. Invariant: from its creation to its `close` a
 * cursor sees one moment of the database, whatever is written, flushed or compacted in between.
 * After its `close` or the database's, it reads nothing, because its tables may be gone. After a
 * move that failed it is at no entry until the next seek.
 */

import { bytesIn } from '../base/arguments.ts'
import { invalidArgument, LsmError } from '../base/errors.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, type SeqNum } from '../base/internal-key.ts'
import { VisibleCursor } from '../iterators/visible-cursor.ts'
import type { HalfOpenRange, ScanOptions } from './call-options.ts'

/** Reads the values that the tree only points to. */
export interface ValueSource {
  /** The value that the pointer leads to; owned or immutable. */
  resolveScanned(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointerBytes: Uint8Array,
    pointerStart: number,
    pointerLength: number,
  ): Uint8Array
}

/**
 * Steps over the visible entries between two bounds, as `VisibleCursor` does: the current entry is
 * in its fields, borrowed until the next move. A step allocates nothing, except for a value that is
 * read from the value log.
 */
export class Cursor extends VisibleCursor implements Disposable {
  readonly #values: ValueSource | null
  #release: (() => void) | null

  /** `values` reads what pointers lead to; null leaves the pointers as values. */
  constructor(
    child: InternalCursor,
    seq: SeqNum,
    range: HalfOpenRange,
    values: ValueSource | null,
    release: () => void,
  ) {
    super(child, { seq, ...range })
    this.#values = values
    this.#release = release
  }

  /**
   * Moves to the smallest key in the bounds; not `valid` if there is none. `LSM_CLOSED` after
   * `close`.
   */
  override seekToFirst(): void {
    this.#assertOpen()
    super.seekToFirst()
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /**
   * Moves to the largest key in the bounds; not `valid` if there is none. `LSM_CLOSED` after
   * `close`.
   */
  override seekToLast(): void {
    this.#assertOpen()
    super.seekToLast()
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /** Moves to the first key at or after `key`. `LSM_CLOSED` after `close`. */
  override seek(key: Uint8Array): void {
    this.#assertOpen()
    bytesIn(key, 'key')
    super.seek(key)
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /** Moves to the last key at or before `key`. `LSM_CLOSED` after `close`. */
  override seekForPrev(key: Uint8Array): void {
    this.#assertOpen()
    bytesIn(key, 'key')
    super.seekForPrev(key)
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /** Moves to the next key. `LSM_INVALID_ARGUMENT` if the cursor is at no entry (not `valid`). */
  override next(): void {
    if (!this.valid) throw this.#nowhere('next')
    super.next()
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /** Moves to the previous key. Errors as `next`. */
  override prev(): void {
    if (!this.valid) throw this.#nowhere('prev')
    super.prev()
    if (this.kind === ENTRY_KIND.blobIndex) this.#resolve()
  }

  /** An owned copy of the current key. Errors as `next`. */
  key(): Uint8Array {
    if (!this.valid) throw this.#nowhere('key')
    return this.keyBytes.slice(this.keyStart, this.keyStart + this.keyLength)
  }

  /** An owned copy of the current value. Errors as `next`. */
  value(): Uint8Array {
    if (!this.valid) throw this.#nowhere('value')
    return this.valueBytes.slice(this.valueStart, this.valueStart + this.valueLength)
  }

  /** Releases the tables that the cursor kept. Idempotent. */
  close(): void {
    const release = this.#release
    this.#release = null
    this.valid = false
    release?.()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** If the value cannot be read, the cursor is at no entry. */
  #resolve(): void {
    if (!this.valid || this.#values === null) return
    this.valid = false
    const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = this
    this.valueBytes = this.#values.resolveScanned(
      keyBytes,
      keyStart,
      keyLength,
      valueBytes,
      valueStart,
      valueLength,
    )
    this.valueStart = 0
    this.valueLength = this.valueBytes.length
    this.valid = true
  }

  #assertOpen(): void {
    if (this.#release === null) throw new LsmError('LSM_CLOSED', 'the cursor is closed')
  }

  #nowhere(call: string): LsmError {
    this.#assertOpen()
    return invalidArgument(`${call}: the cursor is at no entry; seek first, and check valid`)
  }
}

/** Moves a cursor over its entries in one direction, as far as a limit allows. */
export class CursorSteps {
  readonly #cursor: Cursor
  readonly #reverse: boolean
  #left: number
  #started = false

  constructor(cursor: Cursor, { reverse = false, limit = Number.POSITIVE_INFINITY }: ScanOptions) {
    this.#cursor = cursor
    this.#reverse = reverse
    this.#left = limit
  }

  /** Moves to the next entry. False if there is none or the limit is met, and from then on. */
  move(): boolean {
    if (!(this.#left > 0)) return false
    const cursor = this.#cursor
    if (this.#started) {
      if (this.#reverse) cursor.prev()
      else cursor.next()
    } else {
      this.#started = true
      if (this.#reverse) cursor.seekToLast()
      else cursor.seekToFirst()
    }
    this.#left = cursor.valid ? this.#left - 1 : 0
    return cursor.valid
  }

  end(): void {
    this.#left = 0
  }
}

/**
 * The cursor's entries as owned [key, value] pairs. It closes the cursor at the end, and when it is
 * returned or disposed of, even before the first step. (A generator that is returned before its
 * first step runs no `finally`.)
 */
export class PairIterator extends Iterator<[Uint8Array, Uint8Array]> implements Disposable {
  readonly #cursor: Cursor
  readonly #steps: CursorSteps

  constructor(cursor: Cursor, options: ScanOptions) {
    super()
    this.#cursor = cursor
    this.#steps = new CursorSteps(cursor, options)
  }

  override next(): IteratorResult<[Uint8Array, Uint8Array], undefined> {
    try {
      if (!this.#steps.move()) return this.return()
    } catch (error) {
      this.return()
      throw error
    }
    return { done: false, value: [this.#cursor.key(), this.#cursor.value()] }
  }

  override return(): { done: true; value: undefined } {
    this.#steps.end()
    this.#cursor.close()
    return { done: true, value: undefined }
  }

  override [Symbol.dispose](): void {
    this.return()
  }
}
