/**
 * Owns a sorted map from keys to values, for the few entries that one transaction reads or writes:
 * a list of chunks, each a sorted list of entries. A search is two binary searches. It is an object
 * an entry, because an arena for each transaction costs more than a small transaction.
 *
 * Invariants: keys ascend, no chunk is empty. A chunk that a view holds is never changed: the next
 * change copies it first. So a view keeps showing the entries of its moment.
 */

import { compareBytes } from '../base/compare.ts'

export interface SortedEntry<Value> {
  readonly key: Uint8Array
  readonly value: Value
}

interface Chunk<Value> {
  readonly entries: SortedEntry<Value>[]
  /** The number of views that had been taken when the chunk was made or copied. */
  readonly viewsBefore: number
}

/** The entries of one moment: chunks in key order. */
export type SortedView<Value> = readonly { readonly entries: readonly SortedEntry<Value>[] }[]

/** A chunk splits beyond this number. An insert moves at most that many references. */
const CHUNK_ENTRIES_MAX = 256

export class SortedEntries<Value> {
  #chunks: Chunk<Value>[] = []
  #views = 0
  #viewsBeforeList = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The entry with exactly this key. */
  get(key: Uint8Array): SortedEntry<Value> | undefined {
    const chunk = this.#chunks[lastStartingBy(this.#chunks, key)]
    const entry = chunk?.entries[firstFrom(chunk.entries, key)]
    return entry !== undefined && compareBytes(entry.key, key) === 0 ? entry : undefined
  }

  /** The last entry whose key is at or before `key`. */
  lastUpTo(key: Uint8Array): SortedEntry<Value> | undefined {
    const { entries } = this.#chunks[lastStartingBy(this.#chunks, key)] ?? { entries: [] }
    const at = firstFrom(entries, key)
    const entry = entries[at]
    return entry !== undefined && compareBytes(entry.key, key) === 0 ? entry : entries[at - 1]
  }

  /** Adds the entry, or puts it in the place of the one with its key. The key is not copied. */
  set(entry: SortedEntry<Value>): void {
    const index = Math.max(0, lastStartingBy(this.#chunks, entry.key))
    const { entries } = this.#changing(index)
    const at = firstFrom(entries, entry.key)
    const known = entries[at]
    if (known !== undefined && compareBytes(known.key, entry.key) === 0) {
      entries[at] = entry
      return
    }
    entries.splice(at, 0, entry)
    this.#count++
    if (entries.length <= CHUNK_ENTRIES_MAX) return
    const second = entries.splice(CHUNK_ENTRIES_MAX >>> 1)
    this.#chunks.splice(index + 1, 0, { entries: second, viewsBefore: this.#views })
  }

  /** Removes the entry with this key, if there is one. */
  delete(key: Uint8Array): void {
    if (this.get(key) === undefined) return
    const index = lastStartingBy(this.#chunks, key)
    const { entries } = this.#changing(index)
    entries.splice(firstFrom(entries, key), 1)
    this.#count--
    if (entries.length === 0) this.#chunks.splice(index, 1)
  }

  /** The keys from `from` up to but without `to`; null: all from `from` on. */
  keysBetween(from: Uint8Array, to: Uint8Array | null): readonly Uint8Array[] {
    const keys: Uint8Array[] = []
    const first = Math.max(0, lastStartingBy(this.#chunks, from))
    for (let index = first; index < this.#chunks.length; index++) {
      const { entries } = this.#chunks[index]!
      for (let at = firstFrom(entries, from); at < entries.length; at++) {
        const { key } = entries[at]!
        if (to !== null && compareBytes(key, to) >= 0) return keys
        keys.push(key)
      }
    }
    return keys
  }

  /** The entries as they are now. */
  view(): SortedView<Value> {
    this.#views++
    return this.#chunks
  }

  *[Symbol.iterator](): Generator<SortedEntry<Value>, void, undefined> {
    for (const { entries } of this.view()) yield* entries
  }

  /** The chunk at `index`, made or copied if that is needed before it changes. */
  #changing(index: number): Chunk<Value> {
    if (this.#viewsBeforeList < this.#views) {
      this.#chunks = this.#chunks.slice()
      this.#viewsBeforeList = this.#views
    }
    const chunk = this.#chunks[index]
    if (chunk !== undefined && chunk.viewsBefore === this.#views) return chunk
    const copy = { entries: chunk?.entries.slice() ?? [], viewsBefore: this.#views }
    this.#chunks[index] = copy
    return copy
  }
}

/** Index of the first entry whose key is at or after `key`. */
export function firstFrom<Value>(entries: readonly SortedEntry<Value>[], key: Uint8Array): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(entries[middle]!.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the last chunk whose first key is at or before `key`, or −1. */
export function lastStartingBy<Value>(chunks: SortedView<Value>, key: Uint8Array): number {
  let low = 0
  let high = chunks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(chunks[middle]!.entries[0]!.key, key) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}
