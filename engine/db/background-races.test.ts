// Each test ends jobs in an order that breaks a database which trusts to luck.

import { expect, test } from 'vitest'
import type { CompactionSpec, CompactionStrategy } from '../compaction/strategy.ts'
import { recoverManifest } from '../manifest/recover.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, never, openTest, strategyOf, text } from '../testing/fixtures.ts'
import { openHeld } from '../testing/held-executor.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

/** Room for all memtables of a test. */
const options = { memtablesMax: 4, backgroundJobs: 4 }

/** Fills the memtable. The value tells `version`. */
function fill(db: Database, key: string, version = '1'): void {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes(`${key}=${version}`.padEnd(4096, '.')))
  db.writeSync(batch)
}

function read(db: Database, key: string): string | undefined {
  const value = db.get(bytes(key))
  return value === undefined ? undefined : text(value).replace(/\.+$/, '')
}

/** What a reboot finds if all that was not synced is lost. */
function reboot(storage: MemoryStorage): Database {
  const image = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
  return openTest({ storage: image, strategy: never }).db
}

test('flushes that end in another order are installed in the order of their memtables', () => {
  const { db, storage, executor } = openHeld({ strategy: never, options })
  fill(db, 'a', 'old')
  fill(db, 'a', 'new')
  const [first, second] = executor.jobs
  second!.end()
  expect(db.version.totals.tables).toBe(0)
  expect(read(db, 'a')).toBe('a=new')
  expect(read(reboot(storage), 'a')).toBe('a=new')
  first!.end()
  expect(db.version.levels[0]!.runs.map(({ totals }) => totals.tables)).toEqual([1, 1])
  expect(read(db, 'a')).toBe('a=new')
  db.close()
  expect(read(reboot(storage), 'a')).toBe('a=new')
})

test('no memtable takes the arena of a flushed one while a cursor reads it', () => {
  const { db, executor } = openHeld({ strategy: never, options })
  fill(db, 'a', 'held')
  const cursor = db.cursor()
  cursor.seekToFirst()
  executor.jobs[0]!.end()
  // One of these memtables would take the arena if it were free.
  for (const version of ['2', '3', '4']) {
    fill(db, 'a', version)
    executor.jobs[0]!.end()
  }
  expect(text(cursor.value())).toMatch(/^a=held\.+$/)
  cursor.seekToFirst()
  expect(text(cursor.value())).toMatch(/^a=held\.+$/)
  cursor.close()
  db.close()
})

test('a merge keeps its tables to itself until it is installed', () => {
  // It names all runs of level 0, whatever is running.
  const { db, executor } = openHeld({ strategy: everyNth(2), options })
  fill(db, 'a', 'old')
  fill(db, 'a', 'new')
  executor.jobs[0]!.end()
  executor.jobs[0]!.end()
  const [merge] = executor.jobs
  expect(merge!.order.cause).toBe('compaction')
  merge!.work()
  fill(db, 'b')
  executor.jobs.at(-1)!.end()
  expect(executor.jobs).toEqual([merge])
  merge!.end()
  while (executor.jobs.length > 0) executor.jobs[0]!.end()
  fill(db, 'c')
  expect(['a', 'b', 'c'].map((key) => read(db, key))).toEqual(['a=new', 'b=1', 'c=1'])
  db.close()
})

test('a log stays until the flush of its memtable, and of all older ones, is durable', () => {
  const { db, storage, executor } = openHeld({ strategy: never, options })
  const keys = ['a', 'b', 'c']
  for (const key of keys) fill(db, key)
  const [first, second, third] = executor.jobs
  const expectAll = () => {
    const rebooted = reboot(storage)
    expect(keys.map((key) => read(rebooted, key))).toEqual(['a=1', 'b=1', 'c=1'])
    rebooted.close()
  }
  expectAll()
  for (const job of [third, second, first]) {
    job!.work()
    expectAll()
    job!.end()
    expectAll()
  }
  db.close()
})

test('a memtable is not frozen while a group is in its log and not in it yet', async () => {
  const { db, storage, executor } = openHeld({ strategy: never, options, holdsCalls: true })
  const logBytes = () =>
    storage
      .list('/db')
      .filter((name) => name.endsWith('.log'))
      .reduce((sum, name) => sum + storage.size(`/db/${name}`), 0)
  fill(db, 'a')
  // The next log is made beside the writes, so the full memtable still takes some.
  expect(executor.jobs).toEqual([])
  const before = logBytes()
  const put = db.put(bytes('b'), bytes('b=1'), { sync: true })
  while (logBytes() === before) await null
  // The group waits for its fdatasync. The preparation ends now.
  while (executor.calls.length > 0) executor.calls[0]!.end()
  expect(executor.jobs).toEqual([])
  await put
  const [flush] = executor.jobs
  flush!.end()
  while (executor.calls.length > 0) executor.calls[0]!.end()
  expect(db.version.totals.tables).toBe(1)
  const rebooted = reboot(storage)
  expect([read(rebooted, 'a'), read(rebooted, 'b')]).toEqual(['a=1', 'b=1'])
  rebooted.close()
  while (executor.jobs.length > 0 || executor.calls.length > 0) executor.wait()
  db.close()
})

test('a log stays if its flush cannot be recorded', () => {
  const { db, storage, executor } = openHeld({ strategy: never, options })
  db.close()
  const faulty = new FaultStorage(storage)
  const reopened = openHeld({ storage: faulty as never, strategy: never, options })
  fill(reopened.db, 'a')
  const logs = () => storage.list('/db').filter((name) => name.endsWith('.log')).length
  expect(logs()).toBe(2)
  faulty.failWhen(({ operation, path }) => operation === 'sync' && path.includes('MANIFEST'), 'EIO')
  expect(executor.jobs).toEqual([])
  reopened.executor.jobs[0]!.end()
  expect(logs()).toBe(2)
  expect(read(reboot(storage), 'a')).toBe('a=1')
})

/** Moves each run of level 0 to level 1 by a merge of its own; its state counts the picks. */
const counting: CompactionStrategy = strategyOf('counting', ({ version, state, inProgress }) => {
  const taken = new Set(inProgress.flatMap(({ inputs }) => inputs.map(({ run }) => run)))
  const run = version.levels[0]?.runs.findLast(({ id }) => !taken.has(id))
  if (run === undefined) return null
  const spec: CompactionSpec = {
    kind: 'merge',
    inputs: [{ level: 0, run: run.id, tables: 'all' }],
    outputs: [
      {
        place: { level: 1, after: null },
        fromKey: null,
        targetTableBytes: null,
        cutKeys: [],
        filter: { bitsPerKey: 10 },
      },
    ],
    nextState: Number(state) + 1,
    reason: { trigger: 'run', formula: 'runs > 0', values: {} },
  }
  return spec
})

test('the stored state never goes back, and never runs ahead of the oldest running merge', () => {
  const { db, storage, executor } = openHeld({
    strategy: { ...counting, initialState: 0 },
    options,
  })
  const stored = () => recoverManifest(storage, '/db')!.strategy?.state
  for (const key of ['a', 'b', 'c', 'd']) {
    fill(db, key)
    executor.jobs.at(-1)!.end()
  }
  const [first, second, third, fourth] = executor.jobs
  expect(fourth!.order.cause).toBe('compaction')
  third!.end()
  expect(stored()).toBe(undefined)
  first!.end()
  expect(stored()).toBe(1)
  second!.end()
  expect(stored()).toBe(3)
  fourth!.end()
  expect(stored()).toBe(4)
  db.close()
})
