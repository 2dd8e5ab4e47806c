/**
 * Owns the copying of a cursor's current entry into the fields of the cursor that wraps it.
 * Invariant: byte arrays are passed on, never copied, so the wrapper's borrow ends with its
 * child's.
 */

import type { CursorFields, Entry } from '../base/internal-cursor.ts'

export function showEntry(target: CursorFields, source: Entry): void {
  target.keyBytes = source.keyBytes
  target.keyStart = source.keyStart
  target.keyLength = source.keyLength
  target.seq = source.seq
  target.kind = source.kind
  target.valueBytes = source.valueBytes
  target.valueStart = source.valueStart
  target.valueLength = source.valueLength
}
