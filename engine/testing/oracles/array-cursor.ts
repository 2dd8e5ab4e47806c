/**
 * Owns the simplest internal cursor, over a sorted array. Tests use it as an oracle and in place of
 * tables and memtables. It is stricter than real cursors: each call overwrites the bytes that the
 * last one lent, so a caller that keeps a borrowed key is caught, and a step from an invalid
 * position throws.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import {
  CursorFields,
  type InternalCursor,
  keyBytesOf,
  valueBytesOf,
} from '../../base/internal-cursor.ts'

export interface Entry {
  readonly key: Uint8Array
  readonly seq: number
  readonly kind: number
  readonly value: Uint8Array
}

/** Internal order: user key ascending, then seq descending. */
export function compareEntries(a: Entry, b: Entry): number {
  return compareBytes(a.key, b.key) || b.seq - a.seq
}

/** An owned copy of the entry under `cursor`, or null when it is invalid. */
export function entryOf(cursor: InternalCursor): Entry | null {
  if (!cursor.valid) return null
  const { seq, kind } = cursor
  return { key: keyBytesOf(cursor), seq, kind, value: valueBytesOf(cursor) }
}

/** Owned copies of all entries, first to last. */
export function collectEntries(cursor: InternalCursor): Entry[] {
  const entries: Entry[] = []
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) entries.push(entryOf(cursor)!)
  return entries
}

/** Overwrites lent bytes. No test key consists of this byte alone. */
const POISON = 0xee

export class ArrayCursor extends CursorFields implements InternalCursor {
  readonly #entries: readonly Entry[]
  #index = -1

  /** Sorts a copy of `entries`; equal entries keep their order. */
  constructor(entries: readonly Entry[]) {
    super()
    this.#entries = entries.toSorted(compareEntries)
  }

  seekToFirst(): void {
    this.#moveTo(0)
  }

  seekToLast(): void {
    this.#moveTo(this.#entries.length - 1)
  }

  seek(userKey: Uint8Array, seq: number): void {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#entries[middle]!
      if ((compareBytes(entry.key, userKey) || seq - entry.seq) < 0) low = middle + 1
      else high = middle
    }
    this.#moveTo(low)
  }

  next(): void {
    assert(this.valid, 'next needs a valid cursor')
    this.#moveTo(this.#index + 1)
  }

  prev(): void {
    assert(this.valid, 'prev needs a valid cursor')
    this.#moveTo(this.#index - 1)
  }

  #moveTo(index: number): void {
    this.keyBytes.fill(POISON)
    this.valueBytes.fill(POISON)
    this.#index = index
    const entry = this.#entries[index]
    this.valid = entry !== undefined
    if (entry === undefined) return
    // Bytes before key and value catch callers that ignore the start fields.
    this.keyBytes = withMargin(entry.key, 2)
    this.keyStart = 2
    this.keyLength = entry.key.length
    this.seq = entry.seq
    this.kind = entry.kind
    this.valueBytes = withMargin(entry.value, 1)
    this.valueStart = 1
    this.valueLength = entry.value.length
  }
}

function withMargin(bytes: Uint8Array, margin: number): Uint8Array {
  const padded = new Uint8Array(bytes.length + 2 * margin).fill(POISON)
  padded.set(bytes, margin)
  return padded
}
