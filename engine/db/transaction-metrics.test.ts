/** The counters of transactions. */

import { expect, test } from 'vitest'
import { bytes, openTest } from '../testing/fixtures.ts'

const CONFLICT = expect.objectContaining({ code: 'LSM_CONFLICT' })

test('count what became of transactions, conflicts by kind', async () => {
  const { db } = openTest()
  const figures = () => db.metrics().transactions
  const none = { write: 0, read: 0, history: 0 }
  const start = { begun: 0, committed: 0, retries: 0, conflicts: none, open: 0 }
  expect(figures()).toEqual({ ...start, oldestSnapshotSeq: null, notedEntries: 0 })
  await db.put(bytes('a'), bytes('1'))
  const [writer, reader, skipped] = [db.transaction(), db.transaction(), db.transaction()]
  writer.put(bytes('a'), bytes('2'))
  reader.get(bytes('a'))
  reader.put(bytes('b'), bytes('2'))
  await db.put(bytes('a'), bytes('3'))
  expect(figures()).toMatchObject({ begun: 3, open: 3, oldestSnapshotSeq: 1, notedEntries: 1 })
  await expect(writer.commit()).rejects.toThrow(CONFLICT)
  expect(() => reader.commitSync()).toThrow(CONFLICT)
  skipped.rollback()
  expect(figures()).toEqual({
    ...start,
    begun: 3,
    conflicts: { write: 1, read: 1, history: 0 },
    oldestSnapshotSeq: null,
    notedEntries: 0,
  })
  const reading = db.transaction()
  await reading.commit()
  let attempts = 0
  const run = async (transaction: ReturnType<typeof db.transaction>) => {
    transaction.put(bytes('c'), bytes('1'))
    if (attempts++ < 2) await db.put(bytes('c'), bytes('2'))
  }
  await db.retry(run, { backoffMs: 0 })
  expect(figures()).toMatchObject({
    begun: 7,
    committed: 2,
    retries: 2,
    conflicts: { write: 3, read: 1, history: 0 },
  })
  attempts = -10
  await expect(db.retry(run, { backoffMs: 0, attemptsMax: 2 })).rejects.toThrow(CONFLICT)
  expect(figures()).toMatchObject({ begun: 9, retries: 3 })
})
