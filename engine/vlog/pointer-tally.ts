/** Owns the sum a table's metadata carries: record bytes its pointers reach, by segment. */

import type { SegmentBytes } from './segment-book.ts'
import type { ValuePointer } from './value-pointer.ts'

export class PointerTally {
  readonly #bytes = new Map<number, number>()

  add(pointer: ValuePointer, keyLength: number): void {
    const { segment } = pointer
    this.#bytes.set(segment, (this.#bytes.get(segment) ?? 0) + pointer.recordBytes(keyLength))
  }

  /** The sums so far, ascending by segment; the tally starts again. */
  take(): SegmentBytes {
    const sums = [...this.#bytes].sort(([a], [b]) => a - b)
    this.#bytes.clear()
    return sums
  }
}
