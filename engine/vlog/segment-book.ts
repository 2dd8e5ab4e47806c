/**
 * Owns the account of the value log: how many bytes of each segment the tables still point to. Each
 * edit updates it from the tables' metadata (`vlogBytes`). So it knows only the garbage that merges
 * have found: an overwritten value counts as referenced until a merge drops its old pointer (like
 * the discard statistics of BadgerDB and BlobDB).
 *
 * Invariant: `referenced` of a segment = Σ over the tables of the version of their bytes in it.
 */

import { assert } from '../base/assert.ts'

/**
 * Ascending by segment: the bytes of the records that a table's pointers refer to, from its
 * metadata.
 */
export type SegmentBytes = readonly (readonly [segment: number, bytes: number])[]

export class SegmentBook {
  readonly #referenced = new Map<number, number>()

  /** Record bytes of the segment that tables point to. */
  referenced(segment: number): number {
    return this.#referenced.get(segment) ?? 0
  }

  /** Counts added and removed tables. */
  apply(added: Iterable<SegmentBytes>, removed: Iterable<SegmentBytes>): void {
    for (const [segment, bytes] of changesOf(added, removed)) {
      const left = this.referenced(segment) + bytes
      assert(left >= 0, `segment ${segment} is referenced by ${left} bytes`)
      if (left === 0) this.#referenced.delete(segment)
      else this.#referenced.set(segment, left)
    }
  }

  /** Segments that tables point to now, but would no longer point to after this change. */
  freedBy(added: Iterable<SegmentBytes>, removed: Iterable<SegmentBytes>): readonly number[] {
    return [...changesOf(added, removed)]
      .filter(([segment, bytes]) => {
        const before = this.referenced(segment)
        return before > 0 && before + bytes === 0
      })
      .map(([segment]) => segment)
  }
}

function changesOf(
  added: Iterable<SegmentBytes>,
  removed: Iterable<SegmentBytes>,
): ReadonlyMap<number, number> {
  const changes = new Map<number, number>()
  const count = (tables: Iterable<SegmentBytes>, sign: number) => {
    for (const table of tables) {
      for (const [segment, bytes] of table) {
        changes.set(segment, (changes.get(segment) ?? 0) + sign * bytes)
      }
    }
  }
  count(added, 1)
  count(removed, -1)
  return changes
}
