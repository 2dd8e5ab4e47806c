import { expect, test } from 'vitest'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bytes, everyNth, text } from '../../testing/fixtures.ts'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { Database } from '../database.ts'
import { openReader } from './reader.ts'

test('sees writes, flushes, compactions', async () => {
  const db = Database.open({ folder: newDiskFolder(), strategy: everyNth(2), options: { memtableBytes: 8192, blockBytes: 512 } })
  const reader = openReader(db.readerChannel())
  for (let i = 0; i < 2000; i++) {
    const key = bytes(`key${(i * 7) % 300}`)
    await db.put(key, bytes(`${i}`.padEnd(60, '.')))
    expect(text(reader.get(key)!)).toBe(`${i}`.padEnd(60, '.'))
  }
  expect(db.metrics().merges).toBeGreaterThan(3)
  expect(Array.from(reader.scan())).toEqual(Array.from(db.scan()))
  await nextTurn()
  reader.close()
  db.close()
})
