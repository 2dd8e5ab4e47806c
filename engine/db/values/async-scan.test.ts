import { describe, expect, onTestFinished, test } from 'vitest'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { FaultStorage } from '../../testing/faults/fault-storage.ts'
import { bytes, everyNth, text } from '../../testing/fixtures.ts'
import { all, large, openLog, put } from '../../testing/log-fixtures.ts'
import type { OpenOptions } from '../open-options.ts'

describe('a scan that reads ahead', () => {
  const lived = (options: OpenOptions['options'] = {}) => {
    const { db } = openLog({ strategy: everyNth(3), options })
    for (let index = 0; index < 300; index++) {
      const value = `${index}`.padEnd(index % 3 === 0 ? 20 : 150, '.')
      put(db, `key${String((index * 37) % 200).padStart(3, '0')}`, value)
    }
    return db
  }
  const shown = ([key, value]: readonly [Uint8Array, Uint8Array]) => [text(key), text(value)]

  test.each([0, 1, 4, 32, 1000])('returns what scan returns (prefetch %i)', async (prefetch) => {
    const db = lived()
    for (const options of [
      {},
      { reverse: true },
      { gt: bytes('key05'), limit: 33 },
      { limit: 0 },
    ]) {
      const seen = (await all(db.scanAsync({ ...options, prefetch }))).map(shown)
      expect(seen).toEqual(Array.from(db.scan(options), shown))
    }
    db.close()
  })

  test('sees the moment of the call until it ends', async () => {
    const db = lived()
    const before = Array.from(db.scan(), shown)
    const scan = db.scanAsync({ prefetch: 8 })
    const seen = [shown((await scan.next()).value!)]
    for (let index = 0; index < 200; index++)
      put(db, `key${String(index).padStart(3, '0')}`, large('new'))
    db.flush()
    for await (const entry of scan) seen.push(shown(entry))
    expect(seen).toEqual(before)
    db.close()
  })

  test('does not end the process if it is left early and a read ahead fails', async () => {
    const unheard: unknown[] = []
    const hear = (error: unknown) => unheard.push(error)
    process.on('unhandledRejection', hear)
    onTestFinished(() => void process.off('unhandledRejection', hear))
    const storage = new FaultStorage(new MemoryStorage(new Ledger()))
    const { db } = openLog({ storage: storage as never, options: { blockCacheBytes: 0 } })
    for (let index = 0; index < 64; index++) put(db, `key${index + 100}`, large('v'))
    db.flush()
    const tick = () => new Promise((resolve) => setImmediate(resolve))
    for (const leaves of [true, false]) {
      const scan = db.scanAsync({ prefetch: 8 })
      for (let entry = 0; entry < 8; entry++) await scan.next()
      const lift = storage.failWhen(({ operation }) => operation === 'read', 'EIO')
      // The second batch is there; with its first entry the third is asked for, and fails.
      expect(await scan.next()).toMatchObject({ done: false })
      await tick()
      if (leaves) await scan.return(undefined)
      else await expect(all(scan)).rejects.toThrow(expect.objectContaining({ code: 'LSM_IO' }))
      await tick()
      lift()
    }
    expect(unheard).toEqual([])
    expect(await all(db.scanAsync())).toHaveLength(64)
    db.close()
  })

  test('releases its tables when it is left early', async () => {
    const db = lived()
    for await (const _ of db.scanAsync({ prefetch: 4 })) break
    db.close()
  })

  test('releases them when it is ended before its first step', async () => {
    const { db, storage } = openLog({ strategy: everyNth(2) })
    const fill = () => {
      for (let index = 0; index < 60; index++) put(db, `key${index}`, large(`${index}`))
      db.flush()
    }
    fill()
    const before = storage.list('/db')
    await db.scanAsync().return(undefined)
    for (let round = 0; round < 3; round++) fill()
    const tables = before.filter((name) => name.endsWith('.sst'))
    expect(tables.length).toBeGreaterThan(0)
    for (const name of tables) expect(storage.list('/db')).not.toContain(name)
    db.close()
  })

  test('reads neighbours together: a larger prefetch needs fewer reads', async () => {
    const reads: number[] = []
    for (const prefetch of [0, 4, 32]) {
      const { db } = openLog({ options: { blockCacheBytes: 0 } })
      for (let index = 0; index < 256; index++)
        put(db, `key${String(index).padStart(3, '0')}`, large('v'))
      db.flush()
      const before = db.scanCounters.valueReads
      await all(db.scanAsync({ prefetch }))
      reads.push(db.scanCounters.valueReads - before)
      db.close()
    }
    expect(reads[0]).toBe(256)
    expect(reads[1]).toBeLessThan(90)
    expect(reads[2]).toBeLessThan(30)
  })
})
