import { describe, expect, test } from 'vitest'
import { Ledger } from '../../storage/ledger.ts'
import type { MemoryStorage } from '../../storage/memory-storage.ts'
import { FaultStorage } from '../../testing/faults/fault-storage.ts'
import { bytes, everyNth, openTest, text } from '../../testing/fixtures.ts'
import { shapeVector } from '../../version/version.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import { describeFolder } from './closed-folder.ts'
import { exportDatabase } from './export.ts'
import { verifyDatabase } from './verify.ts'

/** A closed database in '/db': several runs, and `logged` writes in its log. */
function lived(logged = 3): MemoryStorage {
  const { db, storage } = openTest({ strategy: everyNth(4) })
  const put = (index: number) => {
    const batch = new WriteBatch()
    batch.put(bytes(`key${index % 60}`), bytes(`${index}`.padEnd(100, 'x')))
    if (index % 9 === 0) batch.delete(bytes(`key${(index * 7) % 60}`))
    db.writeSync(batch)
  }
  for (let index = 0; index < 420; index++) put(index)
  db.flush()
  for (let index = 420; index < 420 + logged; index++) put(index)
  db.close()
  return storage
}

function contentOf(storage: MemoryStorage, folder: string): string[][] {
  using db = Database.open({ storage, folder, strategy: everyNth(1000) })
  return Array.from(db.scan(), ([key, value]) => [text(key), text(value)])
}

function bytesIn(storage: MemoryStorage, folder: string): string {
  const show = (name: string) =>
    `${name} ${storage.readAll(`${folder}/${name}`, { cause: 'meta', level: -1 })}`
  return storage.list(folder).map(show).join('\n')
}

describe('an export', () => {
  test('puts each run in its own level, newest first, and leaves level 0 empty', () => {
    const storage = lived()
    const { content } = describeFolder(storage, '/db')
    const runs = content.manifest.version.levels.flatMap((level) => level.runs)
    expect(runs.length).toBeGreaterThan(3)
    const report = exportDatabase(storage, '/db', '/out')
    expect(report).toMatchObject({ runs: runs.length, tablesCopied: 0, replay: { damage: null } })
    const { version } = describeFolder(storage, '/out').content.manifest
    expect(shapeVector(version)).toEqual([0, ...runs.map(() => 1)])
    expect(version.levels.slice(1).map(({ runs: [run] }) => run!.id)).toEqual(
      runs.map(({ id }) => id),
    )
  })

  test('holds all that the database holds, with the log, and does not change it', () => {
    const storage = lived(5)
    const before = bytesIn(storage, '/db')
    expect(exportDatabase(storage, '/db', '/out').replay.batches).toBe(5)
    expect(bytesIn(storage, '/db')).toBe(before)
    expect(verifyDatabase(storage, '/out').faults).toEqual([])
    expect(contentOf(storage, '/out')).toEqual(contentOf(storage, '/db'))
  })

  test('of a database with an empty log has an empty log that its manifest names', () => {
    const storage = lived(0)
    exportDatabase(storage, '/db', '/out')
    const log = storage.list('/out').find((name) => name.endsWith('.log'))
    expect(storage.size(`/out/${log}`)).toBe(0)
    expect(verifyDatabase(storage, '/out').faults).toEqual([])
    expect(contentOf(storage, '/out')).toEqual(contentOf(storage, '/db'))
  })

  test('of an empty database is an empty database', () => {
    const { db, storage } = openTest()
    db.close()
    expect(exportDatabase(storage, '/db', '/out')).toMatchObject({ runs: 0, tables: 0 })
    expect(contentOf(storage, '/out')).toEqual([])
  })

  test.each(['EXDEV', 'EPERM'])('copies where a link fails with %s', (errno) => {
    const storage = lived()
    const faulty = new FaultStorage(storage)
    faulty.failWhen(({ operation }) => operation === 'link', errno)
    const { tables, tablesCopied } = exportDatabase(faulty, '/db', '/out')
    expect(tablesCopied).toBe(tables)
    expect(verifyDatabase(storage, '/out').faults).toEqual([])
  })

  test('leaves no files if any call fails, and can be repeated', () => {
    const storage = lived()
    const counting = new FaultStorage(storage)
    exportDatabase(counting, '/db', '/counted')
    expect(counting.calls).toBeGreaterThan(20)
    for (let call = 1; call <= counting.calls; call++) {
      const faulty = new FaultStorage(storage)
      faulty.failAt(call, 'ENOSPC')
      expect(() => exportDatabase(faulty, '/db', '/out'), `call ${call}`).toThrow('ENOSPC')
      expect(storage.list('/out'), `call ${call}`).toEqual([])
    }
    exportDatabase(storage, '/db', '/out')
    expect(contentOf(storage, '/out')).toEqual(contentOf(storage, '/db'))
  })

  test.each([
    ['linking', null],
    ['copying', 'EXDEV'],
  ])('after a power loss while %s is complete or not a database', (_, errno) => {
    const storage = lived()
    const imageOf = (bytes: 'kept' | 'lost', names: 'kept' | 'lost') =>
      storage.powerLoss({ bytes, names }, new Ledger())
    const expected = contentOf(imageOf('kept', 'kept'), '/db')
    let whole = 0
    const check = (image: MemoryStorage) => {
      if (!image.list('/out').includes('CURRENT')) return
      whole++
      expect(verifyDatabase(image, '/out').faults).toEqual([])
      expect(contentOf(image, '/out')).toEqual(expected)
    }
    const onCall = () => {
      for (const names of ['lost', 'kept'] as const) {
        for (const bytes of ['lost', 'kept'] as const) check(imageOf(bytes, names))
      }
    }
    const faulty = new FaultStorage(storage, { onCall })
    if (errno !== null) faulty.failWhen(({ operation }) => operation === 'link', errno)
    exportDatabase(faulty, '/db', '/out')
    expect(whole).toBeGreaterThan(0)
  })

  test('refuses a folder in use, a target that is not empty, and no database', () => {
    const storage = lived()
    expect(() => exportDatabase(storage, '/none', '/out')).toThrow('holds no database')
    expect(() => exportDatabase(storage, '/db', '/db')).toThrow('/db is not empty')
    using db = Database.open({ storage, folder: '/db', strategy: everyNth(4) })
    expect(() => exportDatabase(storage, db.folder, '/out')).toThrow('already open')
    expect(storage.list('/out')).toEqual([])
  })
})
