import { describe, expect, test } from 'vitest'
import { Ledger, liveBytes, sumCells } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { folderBytes } from '../../storage/storage.ts'
import { FaultStorage, type StorageCall } from '../../testing/faults/fault-storage.ts'
import { bytes, everyNth, never, openTest, restless, text } from '../../testing/fixtures.ts'
import {
  collected,
  flip,
  killed,
  large,
  openCollected,
  openLog,
  put,
  read,
  replace,
  STUB_BYTES,
  segmentsIn,
  THRESHOLD,
  tag,
} from '../../testing/log-fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import type { DatabaseEvent } from '../events.ts'
import { verifyDatabase } from '../offline/verify.ts'

describe('a value at the threshold', () => {
  test('goes to the log; a smaller one goes to the tree', () => {
    const { db, storage } = openLog()
    put(db, 'small', 'x'.repeat(THRESHOLD - 1))
    expect(segmentsIn(storage)).toEqual([])
    put(db, 'large', 'y'.repeat(THRESHOLD))
    expect(segmentsIn(storage)).toHaveLength(1)
    for (const when of ['in the memtable', 'in a table']) {
      expect(read(db, 'small'), when).toBe('x'.repeat(THRESHOLD - 1))
      expect(read(db, 'large'), when).toBe('y'.repeat(THRESHOLD))
      expect(
        Array.from(db.scan(), ([key]) => text(key)),
        when,
      ).toEqual(['large', 'small'])
      db.flush()
    }
    db.close()
  })

  test('is written once, even if its key is merged often', () => {
    const ledger = new Ledger()
    const storage = new MemoryStorage(ledger)
    const { db } = openLog({ storage, strategy: everyNth(2) })
    let recordBytes = 0
    for (let index = 0; index < 200; index++) {
      put(db, `key${index}`, 'v'.repeat(1000))
      recordBytes += 32 + `key${index}`.length + 1000
      if (index % 20 === 19) db.flush()
    }
    db.close()
    const written = sumCells(ledger.cells(), { cause: 'vlog', direction: 'write' }).bytes
    expect(written - recordBytes).toBe(segmentsIn(storage).length * STUB_BYTES)
    const merged = sumCells(ledger.cells(), { cause: 'compaction', direction: 'write' }).bytes
    expect(merged).toBeGreaterThan(0)
    expect(merged).toBeLessThan(recordBytes / 5)
  })

  test('counts in the memtable with key and pointer only', () => {
    const { db } = openLog()
    let rawBytes = 0
    let flushes = 0
    for (let index = 0; index < 500; index++) {
      const before = db.metrics().memtableRawBytes
      expect(before).toBe(rawBytes)
      put(db, `key${String(index).padStart(5, '0')}`, 'v'.repeat(500))
      const { memtableRawBytes: after, flushes: now } = db.metrics()
      const grown = now > flushes ? after : after - before
      // Type, compression, and varints of a number, an offset below 4 KiB and a length of 500.
      if (now === flushes) expect(grown - 8).toBeGreaterThanOrEqual(6)
      if (now === flushes) expect(grown - 8).toBeLessThanOrEqual(8)
      if (now > flushes) expect(before + 8 + 6).toBeLessThanOrEqual(4096 + 16)
      if (now > flushes) expect(before + 8 + 8).toBeGreaterThanOrEqual(4096)
      flushes = now
      rawBytes = after
    }
    expect(flushes).toBe(1)
    db.close()
  })

  test('is durable before the log that points to it, with one sync each', () => {
    const calls: StorageCall[] = []
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory, { onCall: (call) => calls.push(call) })
    const { db } = openLog({ storage: storage as unknown as MemoryStorage })
    put(db, 'first', large('opens the segment'))
    const callsOf = (work: () => void) => {
      calls.length = 0
      work()
      return calls.map(({ operation, path }) => `${operation} ${path.split('.').at(-1)}`)
    }
    expect(callsOf(() => put(db, 'a', large('a'), true))).toEqual([
      ...['append blob', 'append log', 'sync blob', 'sync log'],
    ])
    expect(callsOf(() => put(db, 'b', 'small', true))).toEqual(['append log', 'sync log'])
    expect(callsOf(() => put(db, 'c', large('c')))).toEqual(['append blob', 'append log'])
    // Older values that nobody synced come first.
    expect(callsOf(() => put(db, 'd', 'small', true))).toEqual([
      ...['append log', 'sync blob', 'sync log'],
    ])
    db.close()
  })

  test('in a group of waiting writes takes one append and one sync', async () => {
    const calls: string[] = []
    const onCall = ({ operation, path }: StorageCall) =>
      calls.push(`${operation} ${path.split('.').at(-1)}`)
    const storage = new FaultStorage(new MemoryStorage(new Ledger()), { onCall })
    const { db } = openLog({ storage: storage as unknown as MemoryStorage })
    put(db, 'first', large('opens the segment'))
    calls.length = 0
    const writes = ['a', 'b', 'c'].map((key) =>
      db.put(bytes(key), bytes(large(key)), { sync: key === 'b' }),
    )
    await Promise.all(writes)
    expect(calls).toEqual(['append blob', 'append log', 'sync blob', 'sync log'])
    for (const key of ['a', 'b', 'c']) expect(read(db, key)).toBe(large(key))
    db.close()
  })

  test('that is overwritten before its flush leaves no segment', () => {
    const { db, storage } = openLog()
    put(db, 'a', large('a'))
    put(db, 'a', 'small')
    expect(segmentsIn(storage)).toHaveLength(1)
    db.flush()
    expect(segmentsIn(storage)).toEqual([])
    expect(db.metrics().valueLog.segments).toEqual([])
    db.close()
    expect(verifyDatabase(storage, '/db')).toMatchObject({ segments: 0, faults: [] })
  })

  test("cannot be pointed to by a caller's batch", async () => {
    const { db } = openLog()
    const batch = new WriteBatch()
    batch.putPointer(bytes('k'), 0, 1, bytes('pointer'), 7)
    expect(() => db.writeSync(batch)).toThrow('points into a value log')
    await expect(db.write(batch)).rejects.toMatchObject({ code: 'LSM_INVALID_ARGUMENT' })
    db.close()
  })
})

describe('a database closed', () => {
  test('has only sealed segments, and also opens without the option', () => {
    const { db, storage } = openLog()
    put(db, 'a', large('a'))
    db.close()
    expect(verifyDatabase(storage, '/db')).toMatchObject({
      segments: 1,
      logs: 1,
      batches: 0,
      faults: [],
    })
    const { db: plain } = openTest({ storage, strategy: never })
    expect(read(plain, 'a')).toBe(large('a'))
    put(plain, 'b', large('b'))
    plain.flush()
    expect(segmentsIn(storage)).toHaveLength(1)
    expect(read(plain, 'a')).toBe(large('a'))
    plain.close()
  })

  test('refuses a policy other than the one its options name', () => {
    const options = { valueLog: collected }
    expect(() => openTest({ options })).toThrow(
      'gcPolicy is restless, but the given policy is none',
    )
    expect(() => openTest({ valueLogPolicy: restless })).toThrow('gcPolicy is none')
  })

  test('is refused if a segment is missing or has another size', () => {
    const { db, storage } = openLog()
    put(db, 'a', large('a'))
    db.close()
    const [path] = segmentsIn(storage)
    const content = storage.readAll(path!, tag)
    replace(storage, path!, content.slice(0, -1))
    expect(() => openLog({ storage })).toThrow(/the segment has \d+ bytes, the manifest says \d+$/)
    storage.remove(path!)
    expect(() => openLog({ storage })).toThrow(`${path}: the segment is missing`)
  })
})

describe('damage in a segment', () => {
  const lived = () => {
    const { db, storage } = openLog()
    for (let index = 0; index < 12; index++) put(db, `key${index}`, large(`value ${index}`))
    db.close()
    return storage
  }

  test('of any bit is reported with path and offset, never read as a value', async () => {
    const storage = lived()
    const [path] = segmentsIn(storage)
    const content = storage.readAll(path!, tag)
    let told = 0
    for (let at = 0; at < content.length; at += 13) {
      replace(storage, path!, flip(at)(content))
      expect(verifyDatabase(storage, '/db').faults, `byte ${at}`).toMatchObject([
        { data: { path } },
      ])
      const { db } = openLog({ storage, options: { blockCacheBytes: 0 } })
      const found: unknown[] = []
      const attempt = (work: () => void) => {
        try {
          work()
        } catch (error) {
          found.push(error)
        }
      }
      for (let index = 0; index < 12; index++) {
        attempt(() => expect(read(db, `key${index}`)).toBe(large(`value ${index}`)))
      }
      attempt(() => Array.from(db.scan()))
      try {
        for await (const [key, value] of db.scanAsync({ prefetch: 4 })) {
          expect(text(value)).toBe(large(text(key).replace('key', 'value ')))
        }
      } catch (error) {
        found.push(error)
      }
      db.close()
      for (const error of found) {
        const where = { path, offset: expect.any(Number) }
        expect(error).toMatchObject({ code: 'LSM_CORRUPTION', data: where })
      }
      if (found.length > 0) told++
      // Header and footer are nobody's value; a record is met by a get and by both scans.
      if (at >= 30 && at < content.length - 32) expect(found, `byte ${at}`).toHaveLength(3)
    }
    expect(told).toBeGreaterThan(100)
  })

  test('stops a collection, and the segment is kept', () => {
    const storage = lived()
    const [path] = segmentsIn(storage)
    replace(storage, path!, flip(200)(storage.readAll(path!, tag)))
    const { db } = openCollected({ storage })
    expect(() => db.collectValueLog()).toThrow(expect.objectContaining({ code: 'LSM_CORRUPTION' }))
    expect(segmentsIn(storage)).toContain(path)
    expect(() => put(db, 'x', 'y')).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    db.close()
  })
})

describe('a process that is killed', () => {
  const OFFSETS = { third: 30 + 2 * (32 + 1 + THRESHOLD) }
  const lived = () => {
    const { db, storage } = openLog()
    for (const key of ['a', 'b', 'c', 'd']) put(db, key, large(key), true)
    return { db, storage, path: segmentsIn(storage)[0]! }
  }

  function reopened(
    storage: MemoryStorage,
    walRecovery: 'point-in-time' | 'tolerate-corrupted-tail' | 'absolute',
  ) {
    const events: DatabaseEvent[] = []
    const onEvent = (event: DatabaseEvent) => events.push(event)
    const { db } = openLog({ storage, onEvent, options: { walRecovery } })
    const keys = Array.from(db.scan(), ([key]) => text(key)).join('')
    db.close()
    expect(verifyDatabase(storage, '/db').faults).toEqual([])
    return { keys, recovery: events.find(({ kind }) => kind === 'recovery') }
  }

  test.each(['point-in-time', 'tolerate-corrupted-tail', 'absolute'] as const)(
    'leaves segments that recovery seals (%s)',
    (mode) => {
      const { storage } = lived()
      expect(reopened(killed(storage), mode)).toMatchObject({
        keys: 'abcd',
        recovery: { damage: null, bytesDropped: 0 },
      })
    },
  )

  test('with a torn segment loses the pointers behind the tear, and this is reported', () => {
    const { storage, path } = lived()
    const torn = () => killed(storage, path, (content) => content.slice(0, -10))
    for (const mode of ['point-in-time', 'tolerate-corrupted-tail'] as const) {
      const { keys, recovery } = reopened(torn(), mode)
      expect(keys).toBe('abc')
      const message = `${path} at offset ${OFFSETS.third + 133}: torn record`
      expect(recovery).toMatchObject({ damage: message, bytesDropped: expect.any(Number) })
    }
    expect(() => reopened(torn(), 'absolute')).toThrow('torn record')
  })

  test('with a damaged segment recovers up to the first bad value, or its mode refuses', () => {
    const { storage, path } = lived()
    const rotten = () => killed(storage, path, flip(OFFSETS.third + 50))
    const { keys, recovery } = reopened(rotten(), 'point-in-time')
    expect(keys).toBe('ab')
    const damage = `${path} at offset ${OFFSETS.third}: bad record checksum`
    expect(recovery).toMatchObject({ damage })
    for (const mode of ['tolerate-corrupted-tail', 'absolute'] as const) {
      expect(() => reopened(rotten(), mode)).toThrow(damage)
    }
  })

  test('keeps the ledger balanced: segments that are cut, sealed and removed', () => {
    const { storage, path } = lived()
    const after = killed(storage, path, (content) => content.slice(0, -10))
    const ledger = new Ledger()
    const again = after.powerLoss({ bytes: 'kept', names: 'kept' }, ledger)
    ledger.countPresentAtOpen(folderBytes(again, '/db'))
    const { db } = openLog({ storage: again })
    expect(ledger.balance().truncated).toBe(123)
    expect(liveBytes(ledger.balance())).toBe(folderBytes(again, '/db'))
    db.close()
  })
})
