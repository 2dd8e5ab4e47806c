/**
 * Owns how far one cursor of a transaction has read. Invariant: the traced span covers exactly the
 * keys from which the cursor has learned something since its last seek: those that it showed, and
 * those between them, where it found nothing. A step allocates nothing, unless its key is longer
 * than all before.
 */

import { compareBytes, compareRanges, keyAfter } from '../base/compare.ts'
import { copyRange } from '../base/copy.ts'
import type { CursorFields } from '../base/internal-cursor.ts'
import type { KeySpan, SpanSet } from './span-set.ts'

export class ReadTrace {
  readonly #into: SpanSet
  readonly #bounds: KeySpan
  /** Whether there was a seek whose span is not added yet. */
  #isReading = false
  /** The smallest and the largest key of the span; where one is unset, the bound of the cursor. */
  readonly #low = new Edge()
  readonly #high = new Edge()

  /** Of a cursor within `bounds`. What it reads is added to `into` at each seek and at the end. */
  constructor(into: SpanSet, bounds: KeySpan) {
    this.#into = into
    this.#bounds = bounds
  }

  /**
   * A seek for the first key at or after `from` has ended at `found`. Undefined: after the cursor's
   * lower bound.
   */
  soughtUp(from: Uint8Array | undefined, found: CursorFields): void {
    this.end()
    this.#isReading = true
    const { lower } = this.#bounds
    if (from === undefined || (lower !== undefined && compareBytes(from, lower) <= 0)) {
      this.#low.unset()
    } else this.#low.set(from, 0, from.length)
    this.#reach(this.#high, found)
  }

  /**
   * A seek for the last key at or before `to` has ended at `found`. Undefined: before the cursor's
   * upper bound.
   */
  soughtDown(to: Uint8Array | undefined, found: CursorFields): void {
    this.end()
    this.#isReading = true
    const { upper } = this.#bounds
    if (to === undefined || (upper !== undefined && compareBytes(to, upper) >= 0)) {
      this.#high.unset()
    } else this.#high.set(to, 0, to.length)
    this.#reach(this.#low, found)
  }

  /** The cursor has gone from a key of the span to the next one, `found`. */
  movedUp(found: CursorFields): void {
    if (this.#high.isSet && !(found.valid && this.#high.order(found) <= 0)) {
      this.#reach(this.#high, found)
    }
  }

  /** The cursor has gone from a key of the span to the previous one, `found`. */
  movedDown(found: CursorFields): void {
    if (this.#low.isSet && !(found.valid && this.#low.order(found) >= 0)) {
      this.#reach(this.#low, found)
    }
  }

  /** Adds what was read since the last seek. Idempotent. */
  end(): void {
    if (!this.#isReading) return
    this.#isReading = false
    const { lower, upper } = this.#bounds
    this.#into.add({
      lower: this.#low.isSet ? this.#low.copy() : lower,
      upper: this.#high.isSet ? keyAfter(this.#high.copy()) : upper,
    })
  }

  /** The span now ends at `found`, or at the cursor's bound if no key was found. */
  #reach(edge: Edge, { valid, keyBytes, keyStart, keyLength }: CursorFields): void {
    if (valid) edge.set(keyBytes, keyStart, keyLength)
    else edge.unset()
  }
}

/** A key in memory that is used again. */
class Edge {
  #bytes = new Uint8Array(0)
  #length = -1

  get isSet(): boolean {
    return this.#length >= 0
  }

  unset(): void {
    this.#length = -1
  }

  set(bytes: Uint8Array, start: number, length: number): void {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(2 * length)
    copyRange(this.#bytes, 0, bytes, start, length)
    this.#length = length
  }

  /** Orders the cursor's key against this one. */
  order({ keyBytes, keyStart, keyLength }: CursorFields): number {
    return compareRanges(keyBytes, keyStart, keyLength, this.#bytes, 0, this.#length)
  }

  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}
