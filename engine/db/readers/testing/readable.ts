/**
 * Owns what tests of readers share: a database on disk with the entries that it should have, and
 * the comparison of a reader with them. The readers run in the thread of the database, so that each
 * step is under control.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { Ledger } from '../../../storage/ledger.ts'
import { NodeStorage } from '../../../storage/node-storage.ts'
import { newDiskFolder } from '../../../testing/disk-folder.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../../../testing/fixtures.ts'
import { Database } from '../../database.ts'
import type { OpenOptions } from '../../open-options.ts'
import type { DatabaseReader } from '../reader.ts'

export const OPTIONS = { memtableBytes: 8 * 1024, blockBytes: 512, blockCacheBytes: 60_000 }
export const KEYS = 200

/** Separates values, and collects their log all the time. */
export const LOGGED: Partial<OpenOptions> = {
  options: { ...OPTIONS, valueLog: RESTLESS_LOG },
  valueLogPolicy: restless,
}

export const CLOSED = expect.objectContaining({ code: 'LSM_CLOSED' })

/** A database on disk, of which every test can read the folder. */
export class Readable {
  readonly ledger = new Ledger()
  readonly storage = new NodeStorage(this.ledger)
  readonly folder = newDiskFolder()
  readonly db: Database
  readonly oracle = new Map<string, string>()
  #written = 0

  constructor(open: Partial<OpenOptions> = {}) {
    const { storage, folder } = this
    this.db = Database.open({ folder, storage, strategy: everyNth(2), options: OPTIONS, ...open })
    onTestFinished(() => this.db.close())
  }

  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const number = this.#written++
      const key = `key${(number * 7) % KEYS}`
      const value = `${number}`.padEnd(60 + (number % 50), '.')
      await this.db.put(bytes(key), bytes(value))
      this.oracle.set(key, value)
    }
  }

  /** The numbers of the table files in the folder. */
  tables(): string[] {
    return this.storage.list(this.folder).filter((name) => name.endsWith('.sst'))
  }

  tablesOfVersion(): number {
    return this.db.version.totals.tables
  }
}

export function pairsOf(entries: Iterable<[Uint8Array, Uint8Array]>): Map<string, string> {
  return new Map(Array.from(entries, ([key, value]) => [text(key), text(value)]))
}

/** Lets messages between a database and its readers arrive, and their answers. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn()
}

export async function expectSame(reader: DatabaseReader, oracle: ReadonlyMap<string, string>) {
  expect(pairsOf(reader.scan())).toEqual(oracle)
  expect(pairsOf(reader.scan({ reverse: true }))).toEqual(oracle)
  const ahead: [Uint8Array, Uint8Array][] = []
  for await (const pair of reader.scanAsync()) ahead.push(pair)
  expect(pairsOf(ahead)).toEqual(oracle)
  const keys = [...oracle.keys(), 'none']
  const values = keys.map((key) => oracle.get(key))
  const found = (value: Uint8Array | undefined) => (value === undefined ? value : text(value))
  expect(keys.map((key) => found(reader.get(bytes(key))))).toEqual(values)
  expect(keys.map((key) => reader.has(bytes(key)))).toEqual(values.map((v) => v !== undefined))
  expect((await reader.getMany(keys.map(bytes))).map(found)).toEqual(values)
}
