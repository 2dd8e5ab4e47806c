/**
 * Owns the sum in a table's metadata of the record bytes that its pointers refer to, per segment.
 */

import type { SegmentBytes } from './segment-book.ts'
import type { ValuePointer } from './value-pointer.ts'

export class PointerTally {
  readonly #bytes = new Map<number, number>()

  add(pointer: ValuePointer, keyLength: number): void {
    const { segment } = pointer
    this.#bytes.set(segment, (this.#bytes.get(segment) ?? 0) + pointer.recordBytes(keyLength))
  }

  /** Returns the sums so far, ascending by segment, and starts a new tally. */
  take(): SegmentBytes {
    const sums = [...this.#bytes].sort(([a], [b]) => a - b)
    this.#bytes.clear()
    return sums
  }
}
