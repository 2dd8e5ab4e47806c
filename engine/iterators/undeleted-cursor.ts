/**
 * Owns the hiding of entries that a range deletion deletes, at one snapshot: a merging cursor
 * without the entries for which a newer deletion, at or before the snapshot, covers the key.
 *
 * Deleted ranges are jumped over where that is cheap. If a deletion lies in source i, all entries
 * that a later (older) source has in its range are deleted (recency), so after a few steps that
 * source seeks to the end of the range. Entries of source i itself, or of newer ones, may be newer
 * than the deletion; they are stepped over one by one.
 *
 * Invariant: while valid, the child is at the shown entry. Entries newer than the snapshot are
 * shown as they are: the reader of a snapshot ignores them.
 */

import { assert } from '../base/assert.ts'
import { compareRanges } from '../base/compare.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { NOT_DELETED } from '../base/range-deletions.ts'
import type { MergingCursor } from './merging-cursor.ts'
import { showEntry } from './show-entry.ts'
import { DeletionSpan, type SourceDeletions } from './source-deletions.ts'

/** Number of deleted entries to step over before a seek. */
const STEPS_MAX = 8

export class UndeletedCursor extends CursorFields implements InternalCursor {
  readonly #child: MergingCursor
  readonly #sources: readonly (SourceDeletions | null)[]
  readonly #snapshot: number
  /** The keys with the same newest deletion over all sources; the child was there last. */
  readonly #span = new DeletionSpan()
  /** The index of the source that has this deletion. */
  #deletedBy = 0
  readonly #own = new DeletionSpan()
  #hasSpan = false

  /**
   * `sources[i]`: the range deletions of child i of `child`, or null if it has none. This cursor
   * then owns `child`.
   */
  constructor(
    child: MergingCursor,
    sources: readonly (SourceDeletions | null)[],
    snapshot: number,
  ) {
    super()
    this.#child = child
    this.#sources = sources
    this.#snapshot = snapshot
  }

  seekToFirst(): void {
    this.valid = false
    this.#child.seekToFirst()
    this.#settle(false)
  }

  seekToLast(): void {
    this.valid = false
    this.#child.seekToLast()
    this.#settle(true)
  }

  seek(userKey: Uint8Array, seq: number): void {
    this.valid = false
    this.#child.seek(userKey, seq)
    this.#settle(false)
  }

  next(): void {
    assert(this.valid, 'next needs a valid cursor')
    this.valid = false
    this.#child.next()
    this.#settle(false)
  }

  prev(): void {
    assert(this.valid, 'prev needs a valid cursor')
    this.valid = false
    this.#child.prev()
    this.#settle(true)
  }

  /** From the child's entry on, in the direction of the move, shows the first not deleted. */
  #settle(backward: boolean): void {
    const child = this.#child
    let steps = 0
    while (child.valid && this.#isDeleted()) {
      if (++steps > STEPS_MAX && child.current > this.#deletedBy) {
        if (backward) child.moveCurrentBefore(this.#span.from!)
        else child.moveCurrentTo(this.#span.to!)
        steps = 0
      } else if (backward) child.prev()
      else child.next()
    }
    this.valid = child.valid
    if (this.valid) showEntry(this, child)
  }

  #isDeleted(): boolean {
    const { seq } = this.#child
    if (seq > this.#snapshot) return false
    if (!this.#hasSpan || !this.#isInSpan()) this.#enterSpan()
    return this.#span.seq > seq
  }

  #isInSpan(): boolean {
    const { keyBytes, keyStart, keyLength } = this.#child
    const { from, to } = this.#span
    return (
      (from === null || compareRanges(from, 0, from.length, keyBytes, keyStart, keyLength) <= 0) &&
      (to === null || compareRanges(keyBytes, keyStart, keyLength, to, 0, to.length) < 0)
    )
  }

  /** Finds the span of the child's key: what the spans of all sources have in common. */
  #enterSpan(): void {
    const { keyBytes, keyStart, keyLength } = this.#child
    const key = keyBytes.subarray(keyStart, keyStart + keyLength)
    const span = this.#span
    const own = this.#own
    span.from = null
    span.to = null
    span.seq = NOT_DELETED
    for (let index = 0; index < this.#sources.length; index++) {
      const source = this.#sources[index]
      if (source == null) continue
      source.spanAt(key, this.#snapshot, own)
      if (own.from !== null && (span.from === null || isBefore(span.from, own.from))) {
        span.from = own.from
      }
      if (own.to !== null && (span.to === null || isBefore(own.to, span.to))) span.to = own.to
      if (own.seq > span.seq) {
        span.seq = own.seq
        this.#deletedBy = index
      }
    }
    this.#hasSpan = true
  }
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  return compareRanges(a, 0, a.length, b, 0, b.length) < 0
}
