/**
 * Owns the user's view of the tree at a snapshot: for each user key between two bounds, the newest
 * version at or before the snapshot, unless it is a tombstone (LevelDB's `DBIter`).
 *
 * Invariant, while valid: `#key` holds the shown key, and
 *   forward   the child is at the shown entry, whose fields are passed on;
 *   backward  the child is before every version of that key, or exhausted. Going backward, the
 *             newest version of a key comes last, so key and value had to be copied.
 * The cursor is invalid during a move, so a move that throws leaves it invalid.
 */

import { assert } from '../base/assert.ts'
import { compareBytes, compareRanges } from '../base/compare.ts'
import { copyRange } from '../base/copy.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { showEntry } from './show-entry.ts'

export interface VisibleCursorOptions {
  /** The snapshot. Newer versions are ignored. */
  readonly seq: number
  /** Inclusive. Owned by the caller, who must not change it. */
  readonly lower?: Uint8Array | undefined
  /** Exclusive. */
  readonly upper?: Uint8Array | undefined
}

/** Number of versions to step over before a seek: RocksDB's `max_sequential_skip_in_iterations`. */
const SKIPS_MAX = 8

export class VisibleCursor extends CursorFields {
  readonly #child: InternalCursor
  readonly #snapshot: number
  readonly #lower: Uint8Array | undefined
  readonly #upper: Uint8Array | undefined
  #backward = false
  #key = new Uint8Array(0)
  #keyLength = 0
  #value = new Uint8Array(0)

  /** This cursor then owns `child`. */
  constructor(child: InternalCursor, { seq, lower, upper }: VisibleCursorOptions) {
    super()
    this.#child = child
    this.#snapshot = seq
    this.#lower = lower
    this.#upper = upper
  }

  seekToFirst(): void {
    this.valid = false
    if (this.#lower === undefined) this.#child.seekToFirst()
    else this.#child.seek(this.#lower, this.#snapshot)
    this.#settleForward(false)
  }

  seekToLast(): void {
    this.valid = false
    if (this.#upper === undefined) this.#child.seekToLast()
    else this.#seekBefore(this.#upper)
    this.#settleBackward()
  }

  /** Moves to the first visible key at or after `key`. */
  seek(key: Uint8Array): void {
    this.valid = false
    const lower = this.#lower
    const from = lower !== undefined && compareBytes(key, lower) < 0 ? lower : key
    this.#child.seek(from, this.#snapshot)
    this.#settleForward(false)
  }

  /** Moves to the last visible key at or before `key`. */
  seekForPrev(key: Uint8Array): void {
    this.valid = false
    const upper = this.#upper
    if (upper !== undefined && compareBytes(key, upper) >= 0) this.#seekBefore(upper)
    else this.#seekBehind(key)
    this.#settleBackward()
  }

  /** Requires `valid`. */
  next(): void {
    assert(this.valid, 'next needs a valid cursor')
    this.valid = false
    if (this.#backward) this.#child.seek(this.#keyView(), 0)
    else this.#child.next()
    this.#settleForward(true)
  }

  /** Requires `valid`. */
  prev(): void {
    assert(this.valid, 'prev needs a valid cursor')
    this.valid = false
    if (!this.#backward) this.#seekBefore(this.#keyView())
    this.#settleBackward()
  }

  /**
   * Shows the first visible entry at or after the child's. `shadowed` means that the remaining
   * versions of `#key` are hidden by the one just handled.
   */
  #settleForward(shadowed: boolean): void {
    const child = this.#child
    this.#backward = false
    let skips = 0
    while (child.valid && !this.#isPastUpper()) {
      if (!this.#isAtKey()) {
        this.#keepKey()
        shadowed = false
        skips = 0
      }
      if (!shadowed && child.seq <= this.#snapshot) {
        if (child.kind !== ENTRY_KIND.deletion) {
          showEntry(this, child)
          this.valid = true
          return
        }
        shadowed = true
      }
      if (++skips > SKIPS_MAX) {
        child.seek(this.#keyView(), shadowed ? 0 : this.#snapshot)
        skips = 0
      } else {
        child.next()
      }
    }
  }

  /** Shows the last visible key at or before the child's entry. */
  #settleBackward(): void {
    const child = this.#child
    this.#backward = true
    let isKept = false
    let skips = 0
    while (child.valid && !this.#isBeforeLower()) {
      if (!this.#isAtKey()) {
        if (isKept) break
        this.#keepKey()
        skips = 0
      }
      if (++skips > SKIPS_MAX) {
        // Seek directly to the newest visible version. It exists if any version is visible.
        child.seek(this.#keyView(), this.#snapshot)
        if (child.valid && this.#isAtKey()) isKept = this.#keepVersion()
        this.#seekBefore(this.#keyView())
      } else {
        if (child.seq <= this.#snapshot) isKept = this.#keepVersion()
        child.prev()
      }
    }
    this.valid = isKept
  }

  /** Moves the child to the last entry of a key before `key`. */
  #seekBefore(key: Uint8Array): void {
    const child = this.#child
    child.seek(key, SEQ_NUM_MAX)
    if (child.valid) child.prev()
    else child.seekToLast()
  }

  /** Moves the child to the oldest version of `key`, or to the last entry before it. */
  #seekBehind(key: Uint8Array): void {
    const child = this.#child
    child.seek(key, 0)
    // If a version has seq 0, the seek finds it; any other version lies before the child's
    // position.
    if (!child.valid) child.seekToLast()
    else if (child.seq !== 0 || this.#compareKey(key, key.length) !== 0) child.prev()
  }

  /**
   * Going backward: the child's version replaces the older one kept so far. A deletion removes it.
   */
  #keepVersion(): boolean {
    const child = this.#child
    if (child.kind === ENTRY_KIND.deletion) return false
    const length = child.valueLength
    if (length > this.#value.length) this.#value = new Uint8Array(2 * length)
    copyRange(this.#value, 0, child.valueBytes, child.valueStart, length)
    this.keyBytes = this.#key
    this.keyStart = 0
    this.keyLength = this.#keyLength
    this.seq = child.seq
    this.kind = child.kind
    this.valueBytes = this.#value
    this.valueStart = 0
    this.valueLength = length
    return true
  }

  #keepKey(): void {
    const child = this.#child
    const length = child.keyLength
    if (length > this.#key.length) this.#key = new Uint8Array(2 * length)
    copyRange(this.#key, 0, child.keyBytes, child.keyStart, length)
    this.#keyLength = length
  }

  #keyView(): Uint8Array {
    return this.#key.subarray(0, this.#keyLength)
  }

  #isAtKey(): boolean {
    return this.#compareKey(this.#key, this.#keyLength) === 0
  }

  #isPastUpper(): boolean {
    return this.#upper !== undefined && this.#compareKey(this.#upper, this.#upper.length) >= 0
  }

  #isBeforeLower(): boolean {
    return this.#lower !== undefined && this.#compareKey(this.#lower, this.#lower.length) < 0
  }

  /** Orders the child's key against the first `length` bytes of `key`. */
  #compareKey(key: Uint8Array, length: number): number {
    const child = this.#child
    return compareRanges(child.keyBytes, child.keyStart, child.keyLength, key, 0, length)
  }
}
