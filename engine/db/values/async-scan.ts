/**
 * Owns the scan that reads values ahead of the cursor (WiscKey §3.3.1): keys come in order from the
 * tree, the values they point to are fetched many at once, while those before them are consumed.
 *
 *   cursor   ──▶  batch n + 1: pointers   ──▶  one round of reads, neighbours together
 *   consumer ◀──  batch n: values
 *
 * Invariant: entries come in the cursor's order; it is closed when the scan ends, however it does.
 */

import { ENTRY_KIND } from '../../base/internal-key.ts'
import { requestOf, type ValueRequest } from '../../vlog/segment-handles.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import type { AsyncScanOptions } from '../call-options.ts'
import { type Cursor, CursorSteps } from '../cursor.ts'
import type { ValueReader } from './value-reader.ts'

const PREFETCH_DEFAULT = 32

interface Entry {
  readonly key: Uint8Array
  /** Null if it is in the log. */
  readonly value: Uint8Array | null
  readonly request: ValueRequest | null
}

/** The scan owns `cursor` from now on; it must leave pointers as values. */
export function scanAhead(
  cursor: Cursor,
  values: ValueReader,
  options: AsyncScanOptions,
): AsyncGenerator<[Uint8Array, Uint8Array], void, undefined> {
  const pairs = pairsAhead(cursor, values, options)
  const end = pairs.return.bind(pairs)
  // A generator that is ended before its first step runs no `finally`.
  pairs.return = (value) => end(value).finally(() => cursor.close())
  return pairs
}

async function* pairsAhead(
  cursor: Cursor,
  values: ValueReader,
  options: AsyncScanOptions,
): AsyncGenerator<[Uint8Array, Uint8Array], void, undefined> {
  const { prefetch = PREFETCH_DEFAULT } = options
  const steps = new CursorSteps(cursor, options)
  const nextBatch = () => fetched(entriesOf(cursor, steps, Math.max(1, prefetch)), values)
  try {
    let current = await nextBatch()
    while (current.length > 0) {
      const ahead = prefetch === 0 ? null : nextBatch()
      // The promise is awaited later; without a handler a failure now would end the process.
      ahead?.catch(() => {})
      for (const { key, value, request } of current) yield [key, value ?? request!.value!]
      current = await (ahead ?? nextBatch())
    }
  } finally {
    cursor.close()
  }
}

async function fetched(entries: readonly Entry[], values: ValueReader): Promise<readonly Entry[]> {
  const requests = entries.flatMap(({ request }) => (request === null ? [] : [request]))
  if (requests.length > 0) await values.handles.readMany(requests, values.scanAccount)
  return entries
}

/** The next entries; `count` of them, or fewer where the scan ends. */
function entriesOf(cursor: Cursor, steps: CursorSteps, count: number): readonly Entry[] {
  const entries: Entry[] = []
  const pointer = new ValuePointer()
  while (entries.length < count && steps.move()) entries.push(entryAt(cursor, pointer))
  return entries
}

/** `pointer` is scratch space. */
function entryAt(cursor: Cursor, pointer: ValuePointer): Entry {
  const key = cursor.key()
  if (cursor.kind !== ENTRY_KIND.blobIndex) return { key, value: cursor.value(), request: null }
  const { valueBytes, valueStart, valueLength } = cursor
  pointer.decode(valueBytes, valueStart, valueLength, 'pointer')
  return { key, value: null, request: requestOf(pointer, key) }
}
