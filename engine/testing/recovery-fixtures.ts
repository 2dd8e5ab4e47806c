/**
 * Owns what tests of recovery share: databases as a kill or a close leaves them, logs and manifests
 * without some of their records, and what an open and a verify report.
 */

import { expect } from 'vitest'
import { isLsmError, type LsmError } from '../base/errors.ts'
import type { Database } from '../db/database.ts'
import type { DatabaseEvent, RecoveryEvent } from '../db/events.ts'
import { verifyDatabase } from '../db/offline/verify.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { LogReader, type LogRecoveryMode } from '../wal/log-reader.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { bytes, never, openTest, text } from './fixtures.ts'
import { Interleaving, type Schedule } from './interleavings.ts'
import { killed, tag } from './log-fixtures.ts'

export const MODES = ['point-in-time', 'tolerate-corrupted-tail', 'absolute'] as const
const key = (index: number) => `key${String(index).padStart(3, '0')}`

export function write(db: Database, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const batch = new WriteBatch()
    batch.put(bytes(key(index)), bytes(`${index}`.padEnd(90, '.')))
    db.writeSync(batch, { sync: true })
  }
}

/** A killed database of `count` keys, each written as a batch. About forty fill a memtable. */
export function written(count: number): MemoryStorage {
  const { db, storage } = openTest({ strategy: never })
  write(db, 0, count)
  return killed(storage)
}

export interface Opened {
  readonly keys: readonly string[]
  readonly recovery: RecoveryEvent | null
}

/** Opens and closes the folder. Returns what the open found, or its error. */
export function open(
  storage: MemoryStorage,
  walRecovery: LogRecoveryMode,
  schedule: Schedule = 'inline',
): Opened | LsmError {
  const jobs = new Interleaving(schedule).open({ walRecovery })
  const events: DatabaseEvent[] = []
  const onEvent = (event: DatabaseEvent) => events.push(event)
  try {
    const { db } = openTest({ storage, strategy: never, onEvent, ...jobs })
    const keys = Array.from(db.scan(), ([each]) => text(each))
    db.close()
    return { keys, recovery: events.find((event) => event.kind === 'recovery') ?? null }
  } catch (error) {
    if (!isLsmError(error)) throw error
    return error
  }
}

export const filesIn = (storage: MemoryStorage, ending: string) =>
  storage.list('/db').filter((name) => name.endsWith(ending))
export const faultsIn = (storage: MemoryStorage) =>
  verifyDatabase(storage, '/db').faults.map(({ message }) => message)
const everything = (storage: MemoryStorage) =>
  storage.list('/db').map((name) => `${name} ${storage.readAll(`/db/${name}`, tag)}`)
export const keysUpTo = (count: number) => Array.from({ length: count }, (_, index) => key(index))

/** A copy of the storage, so that each mode finds the folder unchanged. */
export const copyOf = (storage: MemoryStorage) =>
  storage.powerLoss({ bytes: 'kept', names: 'kept' }, new Ledger())

export function recordsOf(content: Uint8Array): readonly Uint8Array[] {
  const reader = new LogReader(content, 'log')
  const records: Uint8Array[] = []
  while (reader.next()) records.push(reader.record)
  return records
}

/** Replaces a log or manifest by one with these records. */
export function rewrite(
  storage: MemoryStorage,
  path: string,
  records: readonly Uint8Array[],
): void {
  if (storage.list('/db').includes(path.slice(4))) storage.remove(path)
  const writer = new LogWriter(storage.create(path, tag))
  for (const record of records) writer.append(record)
  writer.sync()
  writer.close()
}

/** Removes records from the file; its framing and checksums stay correct. */
export function leaveOut(storage: MemoryStorage, path: string, at: number, count: number): void {
  rewrite(storage, path, recordsOf(storage.readAll(path, tag)).toSpliced(at, count))
}

export function onlyLog(storage: MemoryStorage): string {
  const [name, ...more] = filesIn(storage, '.log')
  expect(more).toEqual([])
  return `/db/${name}`
}

/** Checks that `modes` refuse with `message` and change nothing. */
export function expectRefused(
  storage: MemoryStorage,
  modes: readonly LogRecoveryMode[],
  message: RegExp,
) {
  for (const mode of modes) {
    const copy = copyOf(storage)
    const error = open(copy, mode)
    expect(error, mode).toMatchObject({
      code: 'LSM_CORRUPTION',
      message: expect.stringMatching(message),
      data: { path: expect.any(String) },
    })
    expect(everything(copy), mode).toEqual(everything(storage))
  }
}

/** Where the first `count` records of a small log end. */
export function recordsBytes(content: Uint8Array, count: number): number {
  const reader = new LogReader(content, 'log')
  for (let index = 0; index <= count; index++) reader.next()
  return reader.recordOffset
}

export function create(storage: MemoryStorage, path: string, content: Uint8Array): void {
  const file = storage.create(path, tag)
  file.append(content, 'data')
  file.sync()
  file.close()
}
