/**
 * Owns what a transaction has written: the newest value of each key, and how to take writes back to
 * a savepoint. Invariant: keys and values are copies, within the limits of a batch.
 */

import { checkedKeyBytes, checkedValueBytes, WriteBatch } from '../wal/write-batch.ts'
import { SortedEntries, type SortedEntry, type SortedView } from './sorted-entries.ts'

/** What a key had before a write: a value, null for a deletion, undefined if it was not written. */
interface Undo {
  readonly key: Uint8Array
  readonly before: Uint8Array | null | undefined
}

export class WriteSet {
  readonly #entries = new SortedEntries<Uint8Array | null>()
  /** One for each write after the first savepoint, oldest first. */
  readonly #undos: Undo[] = []
  #keepsUndos = false

  /** Number of keys that were written. */
  get count(): number {
    return this.#entries.count
  }

  /** The entry that was written, whose value is null after a deletion; undefined if there is none. */
  get(key: Uint8Array): SortedEntry<Uint8Array | null> | undefined {
    return this.#entries.get(key)
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

  /** The writes of this moment, sorted by key. */
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
      const { key, before } = this.#undos.pop()!
      if (before === undefined) this.#entries.delete(key)
      else this.#entries.set({ key, value: before })
    }
  }

  /** No mark is used any more. */
  forgetMarks(): void {
    this.#keepsUndos = false
    this.#undos.length = 0
  }

  /** The writes as a batch, one record a key. `LSM_INVALID_ARGUMENT` if they are too many bytes. */
  toBatch(): WriteBatch {
    const batch = new WriteBatch()
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
