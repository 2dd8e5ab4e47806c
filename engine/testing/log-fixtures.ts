/**
 * Owns what tests of the value log and of recovery share: databases with a value log, and storages
 * as a killed process leaves them.
 */

import type { Database } from '../db/database.ts'
import type { OpenOptions } from '../db/open-options.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import type { FileTag, Storage } from '../storage/storage.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { bytes, never, openTest, restless, text } from './fixtures.ts'

export const tag: FileTag = { cause: 'verify', level: -1 }
export const THRESHOLD = 100
export const STUB_BYTES = 62

export const log = { thresholdBytes: THRESHOLD, segmentBytes: 2048 }
export const collected = { ...log, gcPolicy: restless.name }

export function openLog(open: Partial<OpenOptions> = {}) {
  return openTest({ strategy: never, ...open, options: { valueLog: log, ...open.options } })
}

export function openCollected(open: Partial<OpenOptions> = {}) {
  const options = { valueLog: collected, ...open.options }
  return openTest({ strategy: never, valueLogPolicy: restless, ...open, options })
}

export function put(db: Database, key: string, value: string, sync = false): void {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes(value))
  db.writeSync(batch, { sync })
}

export const large = (text: string) => text.padEnd(THRESHOLD, '.')
export const read = (db: Database, key: string) => {
  const value = db.get(bytes(key))
  return value === undefined ? undefined : text(value)
}
export const segmentsIn = (storage: Storage) =>
  storage
    .list('/db')
    .filter((name) => name.endsWith('.blob'))
    .map((name) => `/db/${name}`)

/** The storage as a killed process leaves it, with `change` made to the file at `path`. */
export function killed(
  storage: MemoryStorage,
  path?: string,
  change?: (content: Uint8Array) => Uint8Array,
) {
  const after = storage.powerLoss({ bytes: 'kept', names: 'kept' }, new Ledger())
  if (path !== undefined) replace(after, path, change!(after.readAll(path, tag)))
  return after
}

export function replace(storage: MemoryStorage, path: string, content: Uint8Array): void {
  storage.remove(path)
  const file = storage.create(path, tag)
  file.append(content, 'data')
  file.sync()
  file.close()
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

export const flip = (at: number) => (content: Uint8Array) => content.with(at, content[at]! ^ 4)
