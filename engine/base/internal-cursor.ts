/**
 * Owns the contract of internal cursors: memtables, tables and runs provide them, merging consumes
 * them. The current entry is in plain fields, not in views, so that a step allocates nothing.
 *
 * Invariant: while `valid`, the key fields locate the user key (without trailer) in `keyBytes`, and
 * the value fields locate the value in `valueBytes`. Both are borrowed and valid only until the
 * next call on the cursor. Copy what you keep (`keyBytesOf`, `valueBytesOf`). Entries come in
 * internal order: user key ascending, then seq descending.
 */

import { ENTRY_KIND } from './internal-key.ts'

/** One entry. Its byte arrays are borrowed. */
export interface Entry {
  readonly keyBytes: Uint8Array
  readonly keyStart: number
  readonly keyLength: number
  readonly seq: number
  readonly kind: number
  readonly valueBytes: Uint8Array
  readonly valueStart: number
  readonly valueLength: number
}

/** The fields of `Entry` are the current entry. */
export interface InternalCursor extends Entry {
  readonly valid: boolean
  seekToFirst(): void
  seekToLast(): void
  /**
   * Moves to the first entry at or after (userKey, seq): the key's newest version with seq ≤ `seq`.
   */
  seek(userKey: Uint8Array, seq: number): void
  /** Requires `valid`. */
  next(): void
  /** Requires `valid`. */
  prev(): void
}

const EMPTY = new Uint8Array(0)

/**
 * The fields of an entry, to be set. Cursors extend it, so that they share the start of their
 * hidden class.
 */
export class CursorFields {
  valid = false
  keyBytes: Uint8Array = EMPTY
  keyStart = 0
  keyLength = 0
  seq = 0
  kind: number = ENTRY_KIND.value
  valueBytes: Uint8Array = EMPTY
  valueStart = 0
  valueLength = 0
}

/** An owned copy of the entry's user key. */
export function keyBytesOf({
  keyBytes,
  keyStart,
  keyLength,
}: Pick<Entry, 'keyBytes' | 'keyStart' | 'keyLength'>): Uint8Array {
  return keyBytes.slice(keyStart, keyStart + keyLength)
}

/** An owned copy of the cursor's value. */
export function valueBytesOf(cursor: InternalCursor): Uint8Array {
  return cursor.valueBytes.slice(cursor.valueStart, cursor.valueStart + cursor.valueLength)
}
