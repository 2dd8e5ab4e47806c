import { expect, test } from 'vitest'
import { LsmError } from '../base/errors.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { countHandles } from '../testing/faults/open-handles.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, strategyOf, text } from '../testing/fixtures.ts'
import { openHeld } from '../testing/held-executor.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

const FULL = 4096

function write(db: Database, key: string, length = FULL): void {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes(key.padEnd(length, '.')))
  db.writeSync(batch)
}

const readOnly = expect.objectContaining({ code: 'LSM_READ_ONLY' })
const diskFull = () => new LsmError('LSM_IO', 'the disk is full')

test('a blocked writeSync that waits for a job which fails gets the reason', () => {
  const { db, executor } = openHeld({ options: { memtablesMax: 1 } })
  write(db, 'a')
  write(db, 'b')
  // The next write has to wait for the first flush, whose end fails.
  executor.wait = () => executor.jobs[0]!.end(diskFull())
  expect(() => write(db, 'c')).toThrow(readOnly)
  expect(text(db.get(bytes('b'))!)).toMatch(/^b\.+$/)
  expect(() => db.close()).not.toThrow()
})

test('promised writes that wait for a job which fails are rejected', async () => {
  const { db, executor } = openHeld({ options: { memtablesMax: 1 } })
  write(db, 'a')
  write(db, 'b')
  const held = db.put(bytes('c'), bytes('c'))
  const blocked = db.put(bytes('d'), bytes('d'))
  const settled = Promise.allSettled([held, blocked])
  await Promise.resolve()
  executor.jobs[0]!.end(diskFull())
  for (const result of await settled) {
    expect(result).toMatchObject({ status: 'rejected', reason: readOnly })
  }
  db.close()
})

test('nothing is started or installed after a strategy has thrown beside a running job', () => {
  let throws = false
  const sound = everyNth(2)
  const strategy = strategyOf('throws', (view) => {
    if (throws) throw new Error('the strategy is broken')
    return sound.pick(view)
  })
  const { db, executor } = openHeld({ strategy, options: { memtablesMax: 3 } })
  write(db, 'a')
  write(db, 'b')
  const [first, second] = executor.jobs
  throws = true
  first!.end()
  const { version } = db
  expect(executor.jobs).toHaveLength(1)
  expect(() => write(db, 'c', 10)).toThrow('the strategy is broken')
  second!.end()
  expect(db.version).toBe(version)
  expect(text(db.get(bytes('b'))!)).toMatch(/^b\.+$/)
  db.close()
})

test('a listener cannot write, flush or close in the middle of an install', () => {
  const refusals: unknown[] = []
  const { db, executor } = openHeld({
    strategy: everyNth(2),
    options: { memtablesMax: 3 },
    onEvent() {
      for (const call of [() => write(db, 'nested'), () => db.flush(), () => db.close()]) {
        try {
          call()
        } catch (error) {
          refusals.push(error)
        }
      }
      expect(text(db.get(bytes('a'))!)).toMatch(/^a\.+$/)
    },
  })
  write(db, 'a')
  write(db, 'b')
  while (executor.jobs.length > 0) executor.jobs[0]!.end()
  // Two flushes and a merge.
  expect(refusals).toHaveLength(9)
  for (const error of refusals) expect(error).toMatchObject({ code: 'LSM_INVALID_ARGUMENT' })
  db.close()
})

test('a log whose sync fails when its memtable is frozen is closed', () => {
  const handles = countHandles(new MemoryStorage(new Ledger()))
  const storage = new FaultStorage(handles.storage)
  const { db } = openHeld({ storage: storage as never })
  storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.log'), 'EIO')
  write(db, 'a')
  expect(() => write(db, 'b')).toThrow(readOnly)
  db.close()
  expect(handles.paths()).toEqual([])
})

test('a merge fails whose end cannot remove the segments that it has kept', () => {
  const storage = new FaultStorage(new MemoryStorage(new Ledger()))
  let collects = false
  const { db, executor } = openHeld({
    storage: storage as never,
    strategy: everyNth(2),
    valueLogPolicy: { ...restless, pick: (view) => (collects ? restless.pick(view) : null) },
    options: { valueLog: RESTLESS_LOG },
  })
  for (let key = 0; key < 12; key++) write(db, `key${key}`, 100)
  for (let flushes = 0; flushes < 2; flushes++) {
    for (let key = 0; executor.jobs.length === 0; key++) write(db, `filler${key}`, 60)
    executor.jobs[0]!.end()
  }
  const [merge] = executor.jobs
  expect(merge!.order.cause).toBe('compaction')
  collects = true
  // The values move, but the merge may still read their old places.
  expect(db.collectValueLog()).toBeGreaterThan(0)
  storage.failWhen(({ operation }) => operation === 'rename', 'EIO')
  merge!.end()
  expect(() => write(db, 'later', 10)).toThrow(readOnly)
  db.close()
})
