import { describe, expect, test } from 'vitest'
import type { InputSlice } from '../compaction/strategy.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes, everyNth, never, openTest, strategyOf, text } from '../testing/fixtures.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { Database } from './database.ts'
import { verifyDatabase } from './offline/verify.ts'

const VERIFY = { cause: 'verify', level: -1 } as const

/**
 * Four runs of their own keys, a0…a9, b0…b9 and so on; the first byte of `b`'s table is flipped.
 */
function damagedFolder() {
  const { db, storage } = openTest({ strategy: never })
  for (const letter of 'abcd') {
    const batch = new WriteBatch()
    for (let n = 0; n < 10; n++) batch.put(bytes(`${letter}${n}`), bytes(`${letter} ${n}`))
    db.writeSync(batch)
    db.flush()
  }
  const tables = runsNewestFirst(db.version).flatMap(({ run }) => [...tablesOf(run)])
  const { id } = tables.find((table) => text(table.smallest) === 'b0')!
  db.close()
  const path = `/db/${String(id).padStart(6, '0')}.sst`
  const content = storage.readAll(path, VERIFY)
  content[3]! ^= 0xff
  storage.remove(path)
  const file = storage.create(path, VERIFY)
  file.append(content, 'data')
  file.close()
  return { storage, path }
}

const tablesAtRest = (storage: MemoryStorage) =>
  new Map(
    storage
      .list('/db')
      .filter((name) => name.endsWith('.sst'))
      .map((name) => [name, storage.readAll(`/db/${name}`, VERIFY)]),
  )

describe('a damaged table found by a compaction', () => {
  test('is named, makes the database read-only, and loses only the damaged entries', () => {
    const { storage, path } = damagedFolder()
    const before = tablesAtRest(storage)
    const { db } = openTest({ storage, strategy: everyNth(3) })
    const corruption = expect.objectContaining({
      code: 'LSM_CORRUPTION',
      data: expect.objectContaining({ path }),
    })
    expect(() => db.flush()).toThrow(corruption)
    expect(() => db.flush()).toThrow(
      expect.objectContaining({ code: 'LSM_READ_ONLY', cause: corruption }),
    )
    expect(() => db.get(bytes('b5'))).toThrow(corruption)
    expect(text(db.get(bytes('c5'))!)).toBe('c 5')
    db.close()
    const after = tablesAtRest(storage)
    for (const [name, content] of before) expect(after.get(name), name).toEqual(content)

    const { db: again } = openTest({ storage, strategy: never })
    expect(tablesAtRest(storage)).toEqual(before)
    expect(Array.from(again.scan({ gte: bytes('c') }))).toHaveLength(20)
    again.close()
  })

  test('stops neither reads of other ranges nor compactions of other tables', () => {
    const { storage, path } = damagedFolder()
    // The newest two runs; the damaged table is in the third.
    const newestTwo = strategyOf('newest-two', ({ version }) => {
      const [newest, second, ...older] = version.levels[0]!.runs
      if (older.length === 0 || version.totals.tables < 4) return null
      const inputs: InputSlice[] = [newest!, second!].map(({ id }) => {
        return { level: 0, run: id, tables: 'all' }
      })
      const place = { level: 0, after: null }
      const cuts = { fromKey: null, targetTableBytes: null, cutKeys: [] }
      return {
        kind: 'merge',
        inputs,
        outputs: [{ place, ...cuts, filter: { bitsPerKey: 10 } }],
        nextState: null,
        reason: { trigger: 'tables', formula: 'tables ≥ 4', values: {} },
      }
    })
    const { db } = openTest({ storage, strategy: newestTwo })
    db.flush()
    expect(db.metrics().merges).toBe(1)
    for (const key of ['a5', 'c5', 'd5']) expect(db.has(bytes(key)), key).toBe(true)
    expect(Array.from(db.scan({ gte: bytes('c') }))).toHaveLength(20)
    expect(() => Array.from(db.scan())).toThrow(expect.objectContaining({ code: 'LSM_CORRUPTION' }))
    db.close()
    expect(verifyDatabase(storage, '/db').faults).toMatchObject([{ data: { path } }])
  })

  test('leaves the write committed that started the compaction', () => {
    const { storage } = damagedFolder()
    const { db } = openTest({ storage, strategy: everyNth(5) })
    const batch = new WriteBatch()
    batch.put(bytes('last'), new Uint8Array(5_000))
    db.writeSync(batch)
    expect(() => db.writeSync(batch)).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    expect(db.get(bytes('last'))).toHaveLength(5_000)
    db.close()
    const { db: again } = openTest({ storage, strategy: never })
    expect(again.get(bytes('last'))).toHaveLength(5_000)
  })

  test('does not keep the lock when an open finds it', () => {
    const { storage, path } = damagedFolder()
    storage.truncate(path, 100)
    const before = storage.list('/db')
    const options = { storage, folder: '/db', strategy: never }
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => Database.open(options)).toThrow(
        expect.objectContaining({ code: 'LSM_CORRUPTION' }),
      )
    }
    expect(storage.list('/db')).toEqual(before)
  })
})
