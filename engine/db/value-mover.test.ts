import { expect, test } from 'vitest'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import { Ledger, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { everyNth, openTest, restless } from '../testing/fixtures.ts'
import { put, read } from '../testing/log-fixtures.ts'

const VALUES = 1000
const VALUE_BYTES = 3000

test('values that a compaction moves are written a mebibyte at a time', () => {
  const moving: ValueLogPolicy = {
    name: restless.name,
    pick: () => null,
    relocateBelow: ({ segments }) => (segments.at(-1)?.segment ?? -1) + 1,
  }
  const ledger = new Ledger()
  const { db } = openTest({
    storage: new MemoryStorage(ledger),
    ...{ strategy: everyNth(2), valueLogPolicy: moving },
    options: {
      memtableBytes: 1024 * 1024,
      valueLog: { thresholdBytes: 64, segmentBytes: 1024 ** 3, gcPolicy: moving.name },
    },
  })
  const key = (index: number) => `key${String(index).padStart(4, '0')}`
  for (let index = 0; index < VALUES; index++)
    put(db, key(index), `${index}`.padEnd(VALUE_BYTES, '.'))
  db.flush()
  put(db, 'other', 'other')
  db.flush()
  const { movedBytes } = db.metrics().valueLog
  expect(movedBytes).toBe(VALUES * (32 + key(0).length + VALUE_BYTES))
  const written = sumCells(ledger.cells(), { cause: 'vlog-gc', direction: 'write' })
  // One piece a mebibyte, what is left, and the footer.
  expect(written.calls).toBe(Math.floor(movedBytes / 1024 ** 2) + 2)
  for (const index of [0, 500, VALUES - 1]) {
    expect(read(db, key(index))).toBe(`${index}`.padEnd(VALUE_BYTES, '.'))
  }
  db.close()
})
