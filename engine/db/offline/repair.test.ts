import { describe, expect, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { EncryptedStorage } from '../../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../../storage/encryption/encryption-key.ts'
import { Ledger } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { FaultStorage } from '../../testing/faults/fault-storage.ts'
import { bytes, everyNth, never, RESTLESS_LOG, restless, text } from '../../testing/fixtures.ts'
import { put, replace } from '../../testing/log-fixtures.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { Database } from '../database.ts'
import type { OpenOptions } from '../open-options.ts'
import { LOST_FOLDER, repairDatabase } from './repair.ts'
import { verifyDatabase } from './verify.ts'

const TAG = { cause: 'verify', level: -1 } as const
const OPTIONS = { memtableBytes: 4096, blockBytes: 256, valueLog: RESTLESS_LOG }

type Content = Map<string, string>

function open(storage: Storage, more: Partial<OpenOptions> = {}): Database {
  const fixed = { storage, folder: '/db', strategy: everyNth(2), options: OPTIONS }
  return Database.open({ ...fixed, valueLogPolicy: restless, ...more })
}

const key = (index: number) => `key${String(index).padStart(2, '0')}`

/** Overwrites, deletions, deletions of ranges, small and separated values. */
function write(db: Database, content: Content, count: number, seed: number): void {
  const random = createRandom(seed)
  for (let index = 0; index < count; index++) {
    const batch = new WriteBatch()
    const at = random.nextBelow(60)
    const choice = random.nextBelow(12)
    if (choice === 0) {
      const to = Math.min(at + 1 + random.nextBelow(8), 60)
      batch.deleteRange(bytes(key(at)), bytes(key(to)))
      for (let each = at; each < to; each++) content.delete(key(each))
    } else if (choice < 3) {
      batch.delete(bytes(key(at)))
      content.delete(key(at))
    } else {
      const value = `${seed}/${index}`.padEnd(10 + random.nextBelow(4) * 40, '.')
      batch.put(bytes(key(at)), bytes(value))
      content.set(key(at), value)
    }
    db.writeSync(batch)
  }
}

function sorted(content: Content): [string, string][] {
  return [...content].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What the folder answers to a scan. It must have no fault, and gets must agree. */
function contentIn(storage: Storage, more: Partial<OpenOptions> = {}): [string, string][] {
  expect(verifyDatabase(storage, '/db').faults).toEqual([])
  using db = open(storage, more)
  const found = Array.from(db.scan(), ([k, value]): [string, string] => [text(k), text(value)])
  const gets = Array.from({ length: 60 }, (_, index) => db.get(bytes(key(index))))
  expect(gets.filter((value) => value !== undefined).map((value) => text(value!))).toEqual(
    found.map(([, value]) => value),
  )
  return found
}

/** A copy as a killed process leaves it. */
const copyOf = (storage: MemoryStorage) =>
  storage.powerLoss({ bytes: 'kept', names: 'kept' }, new Ledger())

function folder(seed: number, more: Partial<OpenOptions> = {}, closes = true) {
  const storage = new MemoryStorage()
  const content: Content = new Map()
  const db = open(storage, more)
  write(db, content, 700, seed)
  if (!closes) return { storage: copyOf(storage), content }
  db.close()
  return { storage, content }
}

const named = (storage: Storage, ending: RegExp) =>
  storage.list('/db').filter((name) => ending.test(name))
const manifestOf = (storage: Storage) => `/db/${named(storage, /^MANIFEST-/)[0]}`

/** Ways in which a manifest is lost. */
const MANIFEST_LOSSES: readonly (readonly [string, (storage: MemoryStorage) => void])[] = [
  ['no CURRENT', (storage) => storage.remove('/db/CURRENT')],
  ['no MANIFEST', (storage) => storage.remove(manifestOf(storage))],
  ['a CURRENT that names nothing', (storage) => replace(storage, '/db/CURRENT', bytes('x\n'))],
  ['an empty MANIFEST', (storage) => replace(storage, manifestOf(storage), new Uint8Array(0))],
]

describe('a folder whose manifest is lost', () => {
  const strategies = [everyNth(2), everyNth(3), everyNth(5), never]
  test.each(MANIFEST_LOSSES)('answers as before: %s', (_, damage) => {
    for (const strategy of strategies) {
      for (const closes of [true, false]) {
        const { storage, content } = folder(7, { strategy }, closes)
        damage(storage)
        const report = repairDatabase(storage, '/db')
        expect(report).toMatchObject({ isSound: false, entries: content.size, lost: [] })
        expect(contentIn(storage, { strategy })).toEqual(sorted(content))
        const db = open(storage, { strategy })
        expect(db.lastSeq).toBe(report.lastSeq)
        write(db, content, 150, 8)
        db.flush()
        db.close()
        expect(contentIn(storage, { strategy })).toEqual(sorted(content))
      }
    }
  })

  test.each([1, 2, 3, 4, 5, 6])('answers as before, whatever was written: seed %i', (seed) => {
    const strategy = everyNth(2 + (seed % 3))
    const { storage, content } = folder(seed, { strategy }, seed % 2 === 0)
    storage.remove('/db/CURRENT')
    repairDatabase(storage, '/db')
    expect(contentIn(storage, { strategy })).toEqual(sorted(content))
  })

  test('answers as before wherever the manifest is cut', () => {
    const { storage, content } = folder(3, { strategy: everyNth(2) })
    const path = manifestOf(storage)
    const whole = storage.readAll(path, TAG)
    for (let length = 0; length < whole.length; length += 173) {
      const copy = copyOf(storage)
      replace(copy, path, whole.subarray(0, length))
      const { lost } = repairDatabase(copy, '/db')
      expect(lost, `${length} bytes`).toEqual([])
      expect(contentIn(copy), `${length} bytes`).toEqual(sorted(content))
    }
  })

  test('keeps every old file in lost/, and is run again without effect', () => {
    const { storage } = folder(2)
    const before = new Map(
      storage.list('/db').map((name) => [name, storage.readAll(`/db/${name}`, TAG)]),
    )
    storage.remove('/db/CURRENT')
    const { moved } = repairDatabase(storage, '/db')
    expect(storage.list(`/db/${LOST_FOLDER}`)).toEqual([...moved].sort())
    for (const [name, content] of before) {
      if (name === 'CURRENT' || name === 'OPTIONS.json') continue
      const path = moved.includes(name) ? `/db/${LOST_FOLDER}/${name}` : `/db/${name}`
      expect(storage.readAll(path, TAG), name).toEqual(content)
    }
    expect(repairDatabase(storage, '/db')).toMatchObject({ isSound: true, moved: [] })
    expect(named(storage, /dbtmp/)).toEqual([])
  })

  test('a dry run lists the same and changes nothing', () => {
    const { storage } = folder(2)
    storage.remove('/db/CURRENT')
    const [table] = named(storage, /sst$/)
    const content = storage.readAll(`/db/${table}`, TAG)
    replace(storage, `/db/${table}`, content.with(9, content[9]! ^ 1))
    const before = storage.list('/db')
    const dry = repairDatabase(storage, '/db', { dryRun: true })
    expect(storage.list('/db')).toEqual(before)
    expect(storage.list('/db', 'folders')).toEqual([])
    const { tables: _, tableBytes: __, segments: ___, ...found } = repairDatabase(storage, '/db')
    expect(dry).toMatchObject(found)
    expect(dry.lost).toHaveLength(1)
  })

  test('an encrypted folder, with its key only', () => {
    const inner = new MemoryStorage()
    const storage = new EncryptedStorage(inner, EncryptionKey.random())
    const content: Content = new Map()
    const db = open(storage)
    write(db, content, 300, 5)
    db.close()
    storage.remove('/db/CURRENT')
    const wrongKey = expect.objectContaining({ code: 'LSM_WRONG_KEY' })
    const other = new EncryptedStorage(inner, EncryptionKey.random())
    const before = inner.list('/db')
    expect(() => repairDatabase(other, '/db')).toThrow(wrongKey)
    expect(() => repairDatabase(inner, '/db')).toThrow(wrongKey)
    expect(inner.list('/db')).toEqual(before)
    expect(repairDatabase(storage, '/db')).toMatchObject({ lost: [] })
    expect(contentIn(storage)).toEqual(sorted(content))
  })

  test('a table that was replaced and not removed yet does not bring entries back', () => {
    const { storage, content } = folder(9, { strategy: never })
    const old = named(storage, /sst$/).map((name) => [name, storage.readAll(`/db/${name}`, TAG)])
    // Merges all of them, so that deletions are gone.
    const merging = open(storage, { strategy: everyNth(2) })
    merging.flush()
    merging.close()
    const [record] = named(storage, /^OPTIONS/)
    replace(storage, `/db/${record}`, bytes('damaged'))
    for (const [name, bytes] of old as [string, Uint8Array][]) {
      const copy = copyOf(storage)
      expect(copy.list('/db')).not.toContain(name)
      const file = copy.create(`/db/${name}`, TAG)
      file.append(bytes, 'data')
      file.close()
      const { isSound, lost } = repairDatabase(copy, '/db')
      expect(isSound).toBe(false)
      expect(lost.map(({ file }) => file)).toEqual([record])
      expect(copy.list(`/db/${LOST_FOLDER}`)).toEqual(expect.arrayContaining([name, record]))
      expect(contentIn(copy), name).toEqual(sorted(content))
    }
  })
})

describe('damage', () => {
  const plain = {
    strategy: never,
    valueLogPolicy: null,
    options: { ...OPTIONS, valueLog: { thresholdBytes: 64 } },
  }

  /** Tables of their own keys: a0…a9, b0…b9 and so on. */
  function lettered(valueLength = 40) {
    const storage = new MemoryStorage()
    const db = open(storage, plain)
    for (const letter of 'abcd') {
      const batch = new WriteBatch()
      for (let n = 0; n < 10; n++) {
        batch.put(bytes(`${letter}${n}`), bytes(`${letter} ${n}`.padEnd(valueLength, '.')))
      }
      db.writeSync(batch)
      db.flush()
    }
    db.close()
    return storage
  }
  const keysIn = (storage: Storage) => {
    expect(verifyDatabase(storage, '/db').faults).toEqual([])
    using db = open(storage, plain)
    return Array.from(db.scan(), ([k]) => text(k))
  }
  const all = [...'abcd'].flatMap((letter) => Array.from({ length: 10 }, (_, n) => `${letter}${n}`))
  const flip = (storage: MemoryStorage, name: string, at: number) => {
    const content = storage.readAll(`/db/${name}`, TAG)
    replace(storage, `/db/${name}`, content.with(at, content.at(at)! ^ 1))
  }

  test('of a data block costs its keys, which are listed', () => {
    const storage = lettered()
    const [, table] = named(storage, /sst$/)
    flip(storage, table!, 3)
    const { lost } = repairDatabase(storage, '/db')
    expect(lost).toEqual([
      expect.objectContaining({ file: table, what: expect.stringMatching(/data at offset 0/) }),
    ])
    const found = keysIn(storage)
    const upTo = text(lost[0]!.keys!.to)
    expect(upTo < 'b9').toBe(true)
    expect(found).toEqual(all.filter((each) => each < 'b' || each > upTo))
    expect(storage.list(`/db/${LOST_FOLDER}`)).toContain(table)
  })

  test('of any byte of a table costs no key of another one', () => {
    const storage = lettered()
    const [, table] = named(storage, /sst$/)
    const bytesIn = storage.size(`/db/${table}`)
    for (let at = 0; at < bytesIn; at += 41) {
      const copy = copyOf(storage)
      flip(copy, table!, at)
      const { isSound, lost } = repairDatabase(copy, '/db')
      const found = keysIn(copy)
      expect(found.filter((each) => !each.startsWith('b'))).toEqual(
        all.filter((each) => !each.startsWith('b')),
      )
      if (found.length < all.length) {
        expect(isSound, `byte ${at}`).toBe(false)
        expect(lost, `byte ${at}`).toHaveLength(1)
      }
    }
  })

  test('of a table that cannot be read at all costs its keys', () => {
    const storage = lettered()
    const [, table] = named(storage, /sst$/)
    storage.truncate(`/db/${table}`, 100)
    expect(repairDatabase(storage, '/db').lost).toMatchObject([
      { file: table, what: expect.stringMatching(/^unreadable/), bytes: 100, keys: null },
    ])
    expect(keysIn(storage)).toEqual(all.filter((each) => !each.startsWith('b')))
  })

  test('that is the loss of a whole table or log is listed, as the manifest knows of it', () => {
    const storage = lettered()
    const [, table] = named(storage, /sst$/)
    const [log] = named(storage, /log$/)
    const tableBytes = storage.size(`/db/${table}`)
    storage.remove(`/db/${table}`)
    storage.remove(`/db/${log}`)
    const { lost } = repairDatabase(storage, '/db')
    expect(lost).toMatchObject([
      { file: table, what: 'the table is missing', bytes: tableBytes, entries: 10 },
      { file: log, what: 'the log is missing', bytes: null },
    ])
    const { from, to } = lost[0]!.keys!
    expect([text(from!), text(to)]).toEqual(['b0', 'b9'])
    expect(keysIn(storage)).toEqual(all.filter((each) => !each.startsWith('b')))
  })

  test('of the record of options is listed', () => {
    const storage = lettered()
    replace(storage, '/db/OPTIONS.json', bytes('{'))
    storage.remove('/db/CURRENT')
    const { lost } = repairDatabase(storage, '/db')
    expect(lost).toMatchObject([{ file: 'OPTIONS.json', what: expect.stringMatching(/again/) }])
    expect(keysIn(storage)).toEqual(all)
  })

  test('of a log costs its record', () => {
    const storage = new MemoryStorage()
    const db = open(storage, plain)
    for (const each of all.slice(0, 8)) put(db, each, 'value')
    const killed = copyOf(storage)
    const [log] = named(killed, /log$/)
    flip(killed, log!, 60)
    killed.remove('/db/CURRENT')
    const { lost } = repairDatabase(killed, '/db')
    expect(lost).toMatchObject([{ file: log, what: expect.stringMatching(/bad crc/) }])
    expect(keysIn(killed)).toHaveLength(7)
  })

  test('of a segment costs its values; older ones do not come back', () => {
    const storage = lettered(100)
    const db = open(storage, plain)
    const batch = new WriteBatch()
    for (let n = 0; n < 5; n++) batch.put(bytes(`a${n}`), bytes('new'.padEnd(120, '.')))
    db.writeSync(batch)
    db.flush()
    db.close()
    const segment = named(storage, /blob$/).at(-1)!
    storage.remove(`/db/${segment}`)
    const { lost } = repairDatabase(storage, '/db')
    expect(lost).toEqual([
      expect.objectContaining({ file: segment, entries: 5, keys: expect.anything() }),
    ])
    expect([text(lost[0]!.keys!.from!), text(lost[0]!.keys!.to)]).toEqual(['a0', 'a4'])
    expect(keysIn(storage)).toEqual(all.slice(5))
  })

  test('in the middle of a segment costs one value; the others move to a new segment', () => {
    const storage = lettered(100)
    const [segment] = named(storage, /blob$/)
    flip(storage, segment!, 200)
    const { lost } = repairDatabase(storage, '/db')
    expect(lost).toMatchObject([
      { file: segment, what: expect.stringMatching(/^damaged from offset/) },
      { file: segment, entries: 1 },
    ])
    expect(keysIn(storage)).toHaveLength(39)
    expect(named(storage, /blob$/)).not.toContain(segment)
  })
})

test('a power cut at any call leaves a folder that a repair makes whole', () => {
  const { storage: memory, content } = folder(4, { strategy: everyNth(3) }, false)
  memory.remove('/db/CURRENT')
  memory.syncFolder('/db')
  let cuts = 0
  let opened = 0
  let isRepairing = true
  const faulty = new FaultStorage(memory, {
    onCall: () => {
      if (!isRepairing) return
      cuts++
      for (const names of ['lost', 'kept', { kind: 'subset', seed: cuts }] as const) {
        const image = memory.powerLoss({ bytes: 'lost', names }, new Ledger())
        if (image.list('/db').includes('CURRENT')) {
          opened++
          expect(contentIn(copyOf(image))).toEqual(sorted(content))
        }
        repairDatabase(image, '/db')
        expect(contentIn(image)).toEqual(sorted(content))
      }
    },
  })
  repairDatabase(faulty, '/db')
  isRepairing = false
  expect(contentIn(memory)).toEqual(sorted(content))
  expect(cuts).toBeGreaterThan(50)
  expect(opened).toBeGreaterThan(0)
})

describe('refuses', () => {
  test('a folder without data, and one that is open', () => {
    const storage = new MemoryStorage()
    storage.makeFolder('/db')
    const missing = expect.objectContaining({ code: 'LSM_NOT_FOUND' })
    expect(() => repairDatabase(storage, '/db')).toThrow(missing)
    expect(() => repairDatabase(storage, '/nowhere')).toThrow(missing)
    using db = open(storage)
    write(db, new Map(), 10, 1)
    expect(() => repairDatabase(storage, '/db')).toThrow(
      expect.objectContaining({ code: 'LSM_LOCKED' }),
    )
  })

  test('a failed write leaves the folder as it was', () => {
    const { storage: memory, content } = folder(6)
    memory.remove('/db/CURRENT')
    const before = memory.list('/db')
    const storage = new FaultStorage(memory)
    const stop = storage.failWhen(({ operation }) => operation === 'link', 'ENOSPC')
    expect(() => repairDatabase(storage, '/db')).toThrow('ENOSPC')
    stop()
    expect(memory.list('/db')).toEqual(before)
    repairDatabase(storage, '/db')
    expect(contentIn(memory)).toEqual(sorted(content))
  })
})
