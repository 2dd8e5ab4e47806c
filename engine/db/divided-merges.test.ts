import { expect, test } from 'vitest'
import { bytes, everyNth, openTest, text } from '../testing/fixtures.ts'
import { openHeld } from '../testing/held-executor.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

/** Three flushes make a merge due. Its tables end at 2048 raw bytes, so it divides into parts. */
const strategy = everyNth(3)
const options = { memtablesMax: 4, subcompactions: 3 }

/** Writes a memtable of keys 0 … 39 that also deletes some keys of the one before. */
function fill(db: Database, round: number): void {
  const batch = new WriteBatch()
  for (let key = 0; key < 40; key++) {
    if (key % 3 === round) batch.delete(bytes(nameOf(key)))
    else batch.put(bytes(nameOf(key)), bytes(`${round}`.repeat(160)))
  }
  db.writeSync(batch)
}

const nameOf = (key: number) => `key${String(key).padStart(2, '0')}`

function contents(db: Database): readonly string[] {
  return Array.from(db.scan(), ([key, value]) => `${text(key)}=${text(value).slice(0, 1)}`)
}

function filled(db: Database, settle: () => void): Database {
  for (let round = 0; round < 3; round++) {
    fill(db, round)
    settle()
  }
  return db
}

test('the parts of a merge end in any order and are installed together', () => {
  const whole = filled(openTest({ strategy }).db, () => {})
  const { db, executor } = openHeld({ strategy, options })
  const endFlushes = () => {
    for (const job of executor.jobs) if (job.order.cause === 'flush') job.end()
  }
  filled(db, endFlushes)
  const parts = executor.jobs.map(({ order }) => order)
  expect(parts.length).toBeGreaterThan(1)
  expect(parts.map(({ keys }) => keys.from && text(keys.from))).toContain(null)
  for (const job of [...executor.jobs].reverse()) {
    expect(db.metrics().merges).toBe(0)
    expect(contents(db)).toEqual(contents(whole))
    job.end()
  }
  expect(db.metrics().merges).toBe(1)
  expect(contents(db)).toEqual(contents(whole))
  expect(db.version.totals.entries).toBe(whole.version.totals.entries)
  db.close()
})

test('if a part fails, the tables of the others are removed and the tree stays', () => {
  const { db, storage, executor } = openHeld({ strategy, options })
  filled(db, () => {
    for (const job of executor.jobs) if (job.order.cause === 'flush') job.end()
  })
  const before = contents(db)
  const names = storage.list('/db')
  const [first, ...others] = executor.jobs
  first!.end(new Error('the disk is full'))
  for (const job of others) job.end()
  expect(contents(db)).toEqual(before)
  expect(storage.list('/db')).toEqual(names)
  expect(() => fill(db, 0)).toThrow('the disk is full')
})
