/**
 * Owns the micro-benchmarks of a whole database in a folder: decimal keys of 16 bytes in random
 * order, values of 100 bytes, no compression. A writing case fills a new database at each
 * iteration, with all flushes and compactions.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom, Database, WriteBatch } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import type { BenchCase } from './bench-case.ts'

const VALUE_BYTES = 100
const BATCH_ENTRIES = 100
const MiB = 1024 * 1024

function decimalKeys(count: number): readonly Uint8Array[] {
  const random = createRandom(42)
  const encoder = new TextEncoder()
  return Array.from({ length: count }, () =>
    encoder.encode(String(random.nextBelow(1e12)).padStart(16, '0')),
  )
}

function openNew(folder: string): Database {
  return Database.open({
    folder,
    strategy: STRATEGIES.get('leveling')!.create(),
    options: { memtableBytes: 4 * MiB, compression: 'none' },
  })
}

type Write = (
  db: Database,
  keys: readonly Uint8Array[],
  value: Uint8Array,
) => Promise<unknown> | undefined

function writing(name: string, entries: number, write: Write): BenchCase {
  return {
    name,
    unit: 'entries',
    opsPerIteration: entries,
    referenceOpsPerSecond: null,
    setup() {
      const keys = decimalKeys(entries)
      const value = new Uint8Array(VALUE_BYTES).map((_, index) => index * 7)
      return async () => {
        const folder = mkdtempSync(join(tmpdir(), 'varve-bench-'))
        const db = openNew(folder)
        await write(db, keys, value)
        db.close()
        rmSync(folder, { recursive: true })
      }
    },
  }
}

function fill(batch: WriteBatch, keys: readonly Uint8Array[], from: number, value: Uint8Array) {
  for (let i = from; i < from + BATCH_ENTRIES; i++) batch.put(keys[i]!, value)
}

/** `count` writers; each waits until its last put is durable. */
function writers(count: number): Write {
  return (db, keys, value) => {
    let next = 0
    const writer = async () => {
      while (next < keys.length) await db.put(keys[next++]!, value, { sync: true })
    }
    return Promise.all(Array.from({ length: count }, writer))
  }
}

const READ_ENTRIES = 50_000

/** Reads of a database of one level, all of whose blocks are cached. It closes with the process. */
function reading(name: string, unit: string, read: (db: Database, keys: Keys) => void): BenchCase {
  return {
    name,
    unit,
    opsPerIteration: READ_ENTRIES,
    referenceOpsPerSecond: null,
    setup() {
      const folder = mkdtempSync(join(tmpdir(), 'varve-bench-'))
      const db = openNew(folder)
      const keys = decimalKeys(READ_ENTRIES)
      const batch = new WriteBatch()
      for (const key of keys) batch.put(key, new Uint8Array(VALUE_BYTES))
      db.writeSync(batch)
      db.flush()
      process.once('exit', () => {
        db.close()
        rmSync(folder, { recursive: true })
      })
      return () => read(db, keys)
    },
  }
}

type Keys = readonly Uint8Array[]

export const cases: readonly BenchCase[] = [
  writing('database, awaited batches of 100', 100_000, async (db, keys, value) => {
    for (let i = 0; i < keys.length; i += BATCH_ENTRIES) {
      const batch = new WriteBatch()
      fill(batch, keys, i, value)
      await db.write(batch)
    }
  }),
  writing('database, writeSync of one reused batch', 100_000, (db, keys, value) => {
    const batch = new WriteBatch()
    for (let i = 0; i < keys.length; i += BATCH_ENTRIES) {
      batch.clear()
      fill(batch, keys, i, value)
      db.writeSync(batch)
    }
    return undefined
  }),
  writing('database, awaited puts', 30_000, async (db, keys, value) => {
    for (const key of keys) await db.put(key, value)
  }),
  writing('database, 64 writers with sync', 30_000, writers(64)),
  reading('database, cached gets', 'gets', (db, keys) => {
    for (const key of keys) db.get(key)
  }),
  reading('database, scan', 'entries', (db) => {
    for (const _ of db.scan());
  }),
]
