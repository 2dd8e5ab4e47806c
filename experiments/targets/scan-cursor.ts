/** Owns the walk of a scan over a cursor of the engine, in whichever thread it runs. */
import type { Cursor } from '../../engine/index.ts'
import type { EntrySink } from '../base/target.ts'

export interface Scanned {
  readonly entries: number
  /** Of keys and values. */
  readonly bytes: number
}

/** Reads up to `limit` entries from the first key ≥ `from`, and closes the cursor. */
export function scanCursor(
  cursor: Cursor,
  from: Uint8Array,
  limit: number,
  sink: EntrySink | null,
): Scanned {
  let entries = 0
  let bytes = 0
  try {
    cursor.seek(from)
    while (cursor.valid && entries < limit) {
      bytes += cursor.keyLength + cursor.valueLength
      entries++
      if (sink !== null) addTo(sink, cursor)
      if (entries < limit) cursor.next()
    }
  } finally {
    cursor.close()
  }
  return { entries, bytes }
}

function addTo(sink: EntrySink, cursor: Cursor): void {
  const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = cursor
  sink.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength)
}
