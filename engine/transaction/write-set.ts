/**
 * Owns what a transaction has written: deleted ranges, over them the newest value of each key, and
 * how to take writes back to a savepoint. Invariants: keys and values are copies, within the limits
 * of a batch; an entry is newer than the deletion of each range that it lies in.
 */

import { checkedKeyBytes, checkedValueBytes, checkRange, WriteBatch } from '../wal/write-batch.ts'
import { type DeletedRange, rangeWith, withRange } from './deleted-ranges.ts'
import { SortedEntries, type SortedEntry, type SortedView } from './sorted-entries.ts'

/**
 * What was there before a write: the ranges, or what a key had: a value, null for a deletion,
 * undefined if it was not written.
 */
type Undo =
  | { readonly ranges: readonly DeletedRange[] }
  | { readonly key: Uint8Array; readonly before: Uint8Array | null | undefined }

export class WriteSet {
  readonly #entries = new SortedEntries<Uint8Array | null>()
  /** Replaced when a range is deleted, so that a cursor may keep it. */
  #ranges: readonly DeletedRange[] = []
  /** One for each change after the first savepoint, oldest first. */
  readonly #undos: Undo[] = []
  #keepsUndos = false

  get isEmpty(): boolean {
    return this.#entries.count === 0 && this.#ranges.length === 0
  }

  /** Disjoint and ascending; entries within them are newer. */
  get ranges(): readonly DeletedRange[] {
    return this.#ranges
  }

  /** What was written for the key: its value is null after a deletion. Undefined: nothing. */
  get(key: Uint8Array): SortedEntry<Uint8Array | null> | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined || this.#ranges.length === 0) return entry
    return rangeWith(this.#ranges, key, 0, key.length) === null ? undefined : { key, value: null }
  }

  /** Copies both. Throws the errors of `WriteBatch.put`. */
  put(key: Uint8Array, value: Uint8Array): void {
    checkedKeyBytes(key)
    checkedValueBytes(value)
    this.#set(Uint8Array.from(key), Uint8Array.from(value))
  }

  /** Copies `key`. Throws the errors of `WriteBatch.delete`. */
  delete(key: Uint8Array): void {
    checkedKeyBytes(key)
    this.#set(Uint8Array.from(key), null)
  }

  /** Copies both. Throws the errors of `WriteBatch.deleteRange`. */
  deleteRange(from: Uint8Array, to: Uint8Array): void {
    checkRange(from, to)
    for (const key of this.#entries.keysBetween(from, to)) {
      if (this.#keepsUndos) this.#undos.push({ key, before: this.#entries.get(key)?.value })
      this.#entries.delete(key)
    }
    if (this.#keepsUndos) this.#undos.push({ ranges: this.#ranges })
    const range = { from: Uint8Array.from(from), to: Uint8Array.from(to) }
    this.#ranges = withRange(this.#ranges, range)
  }

  /** The entries of this moment, sorted by key. */
  view(): SortedView<Uint8Array | null> {
    return this.#entries.view()
  }

  /** The current moment, for `rewind`. */
  mark(): number {
    this.#keepsUndos = true
    return this.#undos.length
  }

  /** Takes back all writes after `mark`. */
  rewind(mark: number): void {
    while (this.#undos.length > mark) {
      const undo = this.#undos.pop()!
      if ('ranges' in undo) {
        this.#ranges = undo.ranges
        continue
      }
      const { key, before } = undo
      if (before === undefined) this.#entries.delete(key)
      else this.#entries.set({ key, value: before })
    }
  }

  /** No mark is used any more. */
  forgetMarks(): void {
    this.#keepsUndos = false
    this.#undos.length = 0
  }

  /**
   * The writes as a batch: one record a range, then one a key. `LSM_INVALID_ARGUMENT` if they are
   * too many bytes.
   */
  toBatch(): WriteBatch {
    const batch = new WriteBatch()
    for (const { from, to } of this.#ranges) batch.deleteRange(from, to)
    for (const { key, value } of this.#entries) {
      if (value === null) batch.delete(key)
      else batch.put(key, value)
    }
    return batch
  }

  *keys(): Generator<Uint8Array, void, undefined> {
    for (const { key } of this.#entries) yield key
  }

  #set(key: Uint8Array, value: Uint8Array | null): void {
    if (this.#keepsUndos) this.#undos.push({ key, before: this.#entries.get(key)?.value })
    this.#entries.set({ key, value })
  }
}
