// What must be true before, between and after the slow calls of installs, freezes and removals.

import { expect, test } from 'vitest'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { PowerLossChoice } from '../storage/power-loss.ts'
import { folderBytes } from '../storage/storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { countHandles } from '../testing/faults/open-handles.ts'
import { bytes, everyNth, never, openTest, text } from '../testing/fixtures.ts'
import { openHeld } from '../testing/held-executor.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

const options = { memtablesMax: 4, backgroundJobs: 4 }
type Held = ReturnType<typeof openHeld>

function write(db: Database, key: string, length: number, sync = false): void {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes(key.padEnd(length, '.')))
  db.writeSync(batch, { sync })
}

/** Fills the memtable. */
const fill = (db: Database, key: string) => write(db, key, 4096)

const callsOf = ({ executor }: Held) =>
  executor.calls.map(({ call }) => `${call.operation} ${call.path.replace(/\d{6}/, '*')}`)

/** Ends all calls, also those that they lead to. */
function endCalls({ executor }: Held): void {
  while (executor.calls.length > 0) executor.calls[0]!.end()
}

/** Ends all jobs and calls. */
function endAll(held: Held): void {
  for (;;) {
    endCalls(held)
    const job = held.executor.jobs[0]
    if (job === undefined) return
    job.end()
  }
}

const HARSH: readonly PowerLossChoice[] = [
  { bytes: 'lost', names: 'lost' },
  { bytes: 'lost', names: 'kept' },
  { bytes: 'kept', names: 'lost' },
]

/** The keys that a reboot finds now, whatever of the unsynced is lost; `keys` are looked for. */
function expectAfterReboot(storage: MemoryStorage, keys: readonly string[]): void {
  for (const choice of HARSH) {
    const { db } = openTest({ storage: storage.powerLoss(choice, new Ledger()), strategy: never })
    const found = keys.filter((key) => db.get(bytes(key)) !== undefined)
    expect(found, JSON.stringify(choice)).toEqual(keys)
    db.close()
  }
}

/** A database with two tables in level 0, whose merge has ended and is being installed. */
function duringInstall(): Held & { readonly tables: () => readonly string[] } {
  const held = openHeld({ strategy: everyNth(2), options, holdsCalls: true })
  const { db, executor, storage } = held
  for (const key of ['a', 'b']) {
    fill(db, key)
    endCalls(held)
    executor.jobs[0]!.end()
    endCalls(held)
  }
  const [merge] = executor.jobs
  expect(merge!.order.cause).toBe('compaction')
  merge!.end()
  const tables = () => storage.list('/db').filter((name) => name.endsWith('.sst'))
  return { ...held, tables }
}

test('a version is published when its edit is durable, and not before', () => {
  const held = duringInstall()
  const { db, executor } = held
  expect(callsOf(held)).toEqual(['sync /db/MANIFEST-*'])
  const before = db.version
  write(db, 'c', 10)
  executor.calls[0]!.make()
  expect(db.version).toBe(before)
  write(db, 'd', 10)
  executor.calls[0]!.end()
  expect(db.version.levels.map(({ runs }) => runs.length)).toEqual([0, 1])
  for (const key of ['a', 'b', 'c', 'd']) expect(text(db.get(bytes(key))!)).toMatch(key)
  endAll(held)
  db.close()
})

test('the inputs of a merge are removed after its version is published, and not before', () => {
  const held = duringInstall()
  const { db, executor, storage, tables } = held
  const both = tables()
  expect(both.length).toBeGreaterThan(2)
  executor.calls[0]!.make()
  expect(tables()).toEqual(both)
  expectAfterReboot(storage, ['a', 'b'])
  executor.calls[0]!.end()
  expect(callsOf(held)).toEqual(['remove /db/*.sst', 'remove /db/*.sst'])
  expect(tables()).toEqual(both)
  executor.calls[0]!.end()
  // A power loss leaves an orphan at worst.
  expectAfterReboot(storage, ['a', 'b'])
  endAll(held)
  expect(tables()).toHaveLength(both.length - 2)
  db.close()
})

test('a failed sync of an edit turns the database read-only and removes nothing', () => {
  const storage = new MemoryStorage(new Ledger())
  const faulty = new FaultStorage(storage)
  const held = openHeld({
    storage: faulty as never,
    strategy: everyNth(2),
    options,
    holdsCalls: true,
  })
  const { db, executor } = held
  fill(db, 'a')
  endCalls(held)
  executor.jobs[0]!.end()
  const names = storage.list('/db')
  const before = db.version
  faulty.failWhen(({ operation, path }) => operation === 'sync' && path.includes('MANIFEST'), 'EIO')
  endCalls(held)
  expect(db.version).toBe(before)
  expect(storage.list('/db')).toEqual(names)
  expect(text(db.get(bytes('a'))!)).toMatch('a')
  expect(() => write(db, 'b', 10)).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
  db.close()
  expectAfterReboot(storage, ['a'])
})

test.each(['syncFolder', 'sync'])(
  'a failed %s of a preparation turns the database read-only, and no file stays open',
  (failing) => {
    const storage = new MemoryStorage(new Ledger())
    const handles = countHandles(storage)
    const faulty = new FaultStorage(handles.storage)
    const held = openHeld({ storage: faulty as never, strategy: never, options, holdsCalls: true })
    fill(held.db, 'a')
    faulty.failWhen(({ operation }) => operation === failing, 'EIO')
    endCalls(held)
    expect(() => write(held.db, 'b', 10)).toThrow(
      expect.objectContaining({ code: 'LSM_READ_ONLY' }),
    )
    expect(text(held.db.get(bytes('a'))!)).toMatch('a')
    held.db.close()
    expect(handles.paths()).toEqual([])
    const { db } = openTest({ storage, strategy: never })
    expect(text(db.get(bytes('a'))!)).toMatch('a')
    db.close()
  },
)

test('a failed removal turns the database read-only', () => {
  const storage = new MemoryStorage(new Ledger())
  const faulty = new FaultStorage(storage)
  const held = openHeld({ storage: faulty as never, strategy: never, options, holdsCalls: true })
  fill(held.db, 'a')
  faulty.failWhen(({ operation }) => operation === 'remove', 'EIO')
  endAll(held)
  expect(() => write(held.db, 'b', 10)).toThrow('cannot remove')
  held.db.close()
})

test('writes go on while a freeze is prepared, and the next log repeats what may not be durable', () => {
  const held = openHeld({ strategy: never, options, holdsCalls: true })
  const { db, executor, storage } = held
  write(db, 'a', 3000)
  write(db, 'b', 2000)
  expect(callsOf(held)).toEqual(['syncFolder /db'])
  executor.calls[0]!.end()
  expect(callsOf(held)).toEqual(['sync /db/*.log'])
  executor.calls[0]!.make()
  // After the sync and before the freeze.
  write(db, 'c', 10)
  write(db, 'd', 10)
  executor.calls[0]!.end()
  expect(executor.jobs).toHaveLength(1)
  write(db, 'e', 10, true)
  const keys = ['a', 'b', 'c', 'd', 'e']
  expectAfterReboot(storage, keys)
  executor.jobs[0]!.work()
  executor.jobs[0]!.end()
  executor.calls[0]!.end()
  expectAfterReboot(storage, keys)
  endAll(held)
  expectAfterReboot(storage, keys)
  for (const key of keys) expect(text(db.get(bytes(key))!)).toMatch(key)
  db.close()
  expectAfterReboot(storage, keys)
})

test('writes beside a preparation are not slowed down by each other', () => {
  let observations = 0
  const strategy = {
    ...never,
    stallLimits() {
      observations++
      return { slowdownRuns: 8, stopRuns: 12 }
    },
  }
  const held = openHeld({ strategy, options, holdsCalls: true })
  fill(held.db, 'a')
  expect(callsOf(held)).toHaveLength(1)
  // The pacer lowers the rate at each observation.
  observations = 0
  for (let key = 0; key < 10; key++) write(held.db, `${key}`, 10)
  expect(observations).toBe(0)
  endAll(held)
  expect(observations).toBeGreaterThan(0)
  held.db.close()
})

test('a memtable waits for the preparation of its freeze, but not beyond twice its size', () => {
  const held = openHeld({ strategy: never, options, holdsCalls: true })
  const { db, executor, storage } = held
  fill(db, 'a')
  fill(db, 'b')
  expect(executor.jobs).toHaveLength(1)
  expectAfterReboot(storage, ['a', 'b'])
  endAll(held)
  db.close()
})

test.each(['flush', 'close'] as const)('%s waits for removals, and the ledger balances', (call) => {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  const held = openHeld({ storage, strategy: everyNth(2), options, holdsCalls: true })
  const { db, executor } = held
  for (const key of ['a', 'b', 'c']) fill(db, key)
  db[call]()
  expect(executor.calls).toEqual([])
  expect(executor.jobs).toEqual([])
  expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, '/db'))
  db.close()
  expect(storage.list('/db').filter((name) => name.endsWith('.log'))).toHaveLength(1)
  expectAfterReboot(storage, ['a', 'b', 'c'])
})
