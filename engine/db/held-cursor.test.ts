/** What a cursor sees stays as it was, whatever becomes of the memtable under it. */
import { expect, test } from 'vitest'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

function fill(db: Database, prefix: string, count: number): void {
  const batch = new WriteBatch()
  for (let n = 0; n < count; n++) {
    batch.clear()
    batch.put(bytes(`${prefix}${String(n).padStart(5, '0')}`), bytes(`${prefix} ${n}`))
    db.writeSync(batch)
  }
}

test('a cursor over the memtable stays valid through its flush and later writes', () => {
  const { db } = openTest()
  fill(db, 'old', 20)
  const scan = db.scan()
  const seen = [text(scan.next().value![1])]
  for (let round = 0; round < 3; round++) {
    fill(db, 'new', 20)
    db.flush()
  }
  for (const [, value] of scan) seen.push(text(value))
  expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => `old ${n}`))
})

test("a value that was read stays unchanged when its memtable's arena is used again", () => {
  const { db } = openTest()
  fill(db, 'old', 20)
  const value = db.get(bytes('old00007'))!
  for (let round = 0; round < 3; round++) {
    db.flush()
    fill(db, 'new', 20)
  }
  expect(text(value)).toBe('old 7')
})
