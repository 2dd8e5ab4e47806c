/**
 * Owns the cursors by which a transaction scans: over its own writes, and over what it sees of the
 * database. Merged (`iterators/merging-cursor.ts`), they show the newest version of each key first.
 * Invariant: an own write has a larger sequence number than everything that the database shows.
 */

import { compareRanges } from '../base/compare.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { MergingCursor } from '../iterators/merging-cursor.ts'
import { showEntry } from '../iterators/show-entry.ts'
import { VisibleCursor, type VisibleCursorOptions } from '../iterators/visible-cursor.ts'
import { type DeletedRange, rangeWith } from './deleted-ranges.ts'
import { firstFrom, lastStartingBy, type SortedView } from './sorted-entries.ts'
import type { WriteSet } from './write-set.ts'

const NO_VALUE = new Uint8Array(0)

/** What `entries` show at a snapshot, and over it what the transaction has written so far. */
export function laidOver(
  entries: InternalCursor,
  snapshot: VisibleCursorOptions,
  writes: WriteSet,
): InternalCursor {
  const seen = new SeenCursor(new VisibleCursor(entries, snapshot), writes.ranges)
  return new MergingCursor([new WrittenCursor(writes.view()), seen])
}

/** The writes of a view; null is a deletion. */
class WrittenCursor extends CursorFields implements InternalCursor {
  readonly #chunks: SortedView<Uint8Array | null>
  #chunk = 0
  #index = 0

  constructor(view: SortedView<Uint8Array | null>) {
    super()
    this.#chunks = view
    this.seq = SEQ_NUM_MAX
  }

  seekToFirst(): void {
    this.#moveTo(0, 0)
  }

  seekToLast(): void {
    const last = this.#chunks.length - 1
    this.#moveTo(last, (this.#chunks[last]?.entries.length ?? 0) - 1)
  }

  seek(userKey: Uint8Array, seq: number): void {
    const chunk = Math.max(0, lastStartingBy(this.#chunks, userKey))
    this.#moveTo(chunk, firstFrom(this.#chunks[chunk]?.entries ?? [], userKey))
    if (seq < SEQ_NUM_MAX && this.valid && isAt(this, userKey)) this.next()
  }

  next(): void {
    this.#moveTo(this.#chunk, this.#index + 1)
  }

  prev(): void {
    this.#moveTo(this.#chunk, this.#index - 1)
  }

  #moveTo(chunk: number, index: number): void {
    if (index < 0) {
      chunk--
      index = (this.#chunks[chunk]?.entries.length ?? 0) - 1
    } else if (index >= (this.#chunks[chunk]?.entries.length ?? 0)) {
      chunk++
      index = 0
    }
    this.#chunk = chunk
    this.#index = index
    const entry = this.#chunks[chunk]?.entries[index]
    this.valid = entry !== undefined
    if (entry === undefined) return
    const { key, value } = entry
    this.keyBytes = key
    this.keyStart = 0
    this.keyLength = key.length
    this.kind = value === null ? ENTRY_KIND.deletion : ENTRY_KIND.value
    this.valueBytes = value ?? NO_VALUE
    this.valueStart = 0
    this.valueLength = this.valueBytes.length
  }
}

/**
 * What the database shows at the snapshot, without the ranges that the transaction has deleted: one
 * version a key, and no deletions.
 */
class SeenCursor extends CursorFields implements InternalCursor {
  readonly #seen: VisibleCursor
  readonly #deleted: readonly DeletedRange[]

  constructor(seen: VisibleCursor, deleted: readonly DeletedRange[]) {
    super()
    this.#seen = seen
    this.#deleted = deleted
  }

  seekToFirst(): void {
    this.#seen.seekToFirst()
    this.#settleForward()
  }

  seekToLast(): void {
    this.#seen.seekToLast()
    this.#settleBackward()
  }

  seek(userKey: Uint8Array, seq: number): void {
    const seen = this.#seen
    seen.seek(userKey)
    if (seen.valid && seen.seq > seq && isAt(seen, userKey)) seen.next()
    this.#settleForward()
  }

  next(): void {
    this.#seen.next()
    this.#settleForward()
  }

  prev(): void {
    this.#seen.prev()
    this.#settleBackward()
  }

  #settleForward(): void {
    const seen = this.#seen
    for (let range = this.#deletedAround(); range !== null; range = this.#deletedAround()) {
      seen.seek(range.to)
    }
    this.#show()
  }

  #settleBackward(): void {
    const seen = this.#seen
    for (let range = this.#deletedAround(); range !== null; range = this.#deletedAround()) {
      seen.seekForPrev(range.from)
      if (seen.valid && isAt(seen, range.from)) seen.prev()
    }
    this.#show()
  }

  #deletedAround(): DeletedRange | null {
    const { valid, keyBytes, keyStart, keyLength } = this.#seen
    if (!valid || this.#deleted.length === 0) return null
    return rangeWith(this.#deleted, keyBytes, keyStart, keyLength)
  }

  #show(): void {
    this.valid = this.#seen.valid
    if (this.valid) showEntry(this, this.#seen)
  }
}

function isAt({ keyBytes, keyStart, keyLength }: CursorFields, key: Uint8Array): boolean {
  return compareRanges(keyBytes, keyStart, keyLength, key, 0, key.length) === 0
}
