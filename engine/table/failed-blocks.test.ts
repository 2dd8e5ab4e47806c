/** Tests blocks that cannot be read or do not parse, met during a walk over a table. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { ArrayCursor, type Entry, entryOf } from '../testing/oracles/array-cursor.ts'
import { TableReader } from './table-reader.ts'
import { plain, readTag, writeTable } from './testing/table-fixture.ts'

/** A cache that returns blocks that do not parse, on request. */
class DamagingCache extends BlockCache {
  damages = false

  override get(tableId: number, offset: number): Uint8Array | undefined {
    return this.damages ? new Uint8Array(8) : super.get(tableId, offset)
  }
}

const ENTRIES = 200
const keyOf = (n: number) => Uint8Array.of(n)
const entries: readonly Entry[] = Array.from({ length: ENTRIES }, (_, n) => ({
  key: keyOf(n),
  seq: n,
  kind: ENTRY_KIND.value,
  value: Uint8Array.of(n, n, n),
}))

const steps = fc.array(
  fc.record({
    op: fc.constantFrom(
      'next',
      'next',
      'prev',
      'prev',
      'seek',
      'seek',
      'seekToFirst',
      'seekToLast',
    ),
    to: fc.nat(ENTRIES),
    fault: fc.constantFrom('none', 'none', 'read', 'damage'),
  }),
  { maxLength: 60, size: 'max' },
)

test('a cursor is invalid after a failed block, and correct after the next seek', () => {
  const storage = new FaultStorage(new MemoryStorage(new Ledger()))
  writeTable(storage, 'table', entries, { ...plain, blockBytes: 64 })
  const cache = new DamagingCache(0)
  const reader = TableReader.open(storage.open('table', readTag), 1, cache)
  const file = storage.open('table', readTag)
  let failures = 0
  fc.assert(
    fc.property(steps, (walk) => {
      const cursor = reader.cursor({ file, counters: new ReadCounters(), fillCache: false })
      const oracle = new ArrayCursor(entries)
      for (const { op, to, fault } of walk) {
        if (!oracle.valid && (op === 'next' || op === 'prev')) continue
        const move = (each: typeof cursor) =>
          op === 'seek' ? each.seek(keyOf(to), SEQ_NUM_MAX) : each[op as 'next']()
        const before = entryOf(oracle)
        move(oracle)
        cache.damages = fault === 'damage'
        const lift = storage.failWhen(
          ({ operation }) => fault === 'read' && operation === 'read',
          'EIO',
        )
        try {
          move(cursor)
        } catch (error) {
          if (!isLsmError(error, fault === 'read' ? 'LSM_IO' : 'LSM_CORRUPTION')) throw error
          failures++
          expect(cursor.valid).toBe(false)
          lift()
          cache.damages = false
          // First seek to the block that was open before. It is not the one that failed.
          if (before !== null) {
            cursor.seek(before.key, before.seq)
            expect(entryOf(cursor)).toEqual(before)
          }
          move(cursor)
        } finally {
          lift()
          cache.damages = false
        }
        expect(entryOf(cursor)).toEqual(entryOf(oracle))
      }
    }),
    { numRuns: 200 },
  )
  expect(failures).toBeGreaterThan(200)
})
