// What an ingest refuses, and what a full disk, a failing read and a failing job leave behind.

import { describe, expect, test } from 'vitest'
import { CursorFields } from '../base/internal-cursor.ts'
import { ENTRY_KIND, TRAILER_BYTES, writeTrailer } from '../base/internal-key.ts'
import { recoverManifest } from '../manifest/recover.ts'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { folderBytes, type Storage } from '../storage/storage.ts'
import { writeBlockTrailer } from '../table/table-format.ts'
import { TableWriter } from '../table/table-writer.ts'
import {
  applyExternal,
  type ExternalWrite,
  metaBlocksOf,
  writeExternal,
} from '../testing/external-tables.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, openTest, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'
import { findOrphans } from './orphans.ts'

const coded = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

function put(db: Database, key: string, value: string): void {
  const batch = new WriteBatch()
  batch.put(bytes(key), bytes(value))
  db.writeSync(batch)
}

const stateOf = (db: Database) =>
  Array.from(db.scan(), ([key, value]) => `${text(key)}=${text(value)}`).join(' ')

type UncheckedEntry = readonly [key: string, seq: number, kind: number]

/** A table with these entries in this order, which no writer would write. Keys are letters. */
function writeUnchecked(storage: Storage, path: string, entries: readonly UncheckedEntry[]): void {
  const file = storage.create(path, { cause: 'meta', level: -1 })
  const writer = new TableWriter(file, { compression: 'none', bitsPerKey: 0, restartInterval: 1 })
  for (const [index] of entries.entries()) {
    const keyBytes = Uint8Array.of(index)
    writer.add(Object.assign(new CursorFields(), { keyBytes, keyLength: 1 }))
  }
  writer.finish()
  file.close()
  const content = storage.readAll(path, { cause: 'meta', level: -1 })
  // Three lengths, the key and its trailer; at the end of the block the restarts and their count.
  const entryBytes = 3 + 1 + TRAILER_BYTES
  for (const [index, [key, seq, kind]] of entries.entries()) {
    content[index * entryBytes + 3] = key.charCodeAt(0)
    writeTrailer(content, index * entryBytes + 4, seq, kind)
  }
  writeBlockTrailer(content, 0, entries.length * (entryBytes + 4) + 4, 0)
  storage.remove(path)
  withBytes(storage, path, content)
}

/** A copy of the table whose properties count one entry more. */
function claimingMore(content: Uint8Array): Uint8Array {
  const copy = content.slice()
  const { offset, bytes: length } = metaBlocksOf(copy).get('rocksdb.properties')!
  const name = Buffer.from('rocksdb.num.entries')
  copy[Buffer.from(copy.buffer).indexOf(name, offset) + name.length]!++
  writeBlockTrailer(copy, offset, offset + length, 0)
  return copy
}

function withBytes(storage: Storage, path: string, content: Uint8Array): void {
  const file = storage.create(path, { cause: 'meta', level: -1 })
  file.append(content, 'data')
  file.close()
}

describe('an ingest refuses', () => {
  const storage = new MemoryStorage(new Ledger())
  const many = Array.from({ length: 200 }, (_, n): ExternalWrite => [`k${n + 1000}`, `v${n}`])
  writeExternal(storage, '/in/good.sst', many, { blockBytes: 256 })
  writeExternal(storage, '/in/overlap.sst', [['k1100', '1']])
  writeExternal(storage, '/in/range.sst', [['j', { to: 'k1000a' }]])
  const good = storage.readAll('/in/good.sst', { cause: 'meta', level: -1 })
  withBytes(storage, '/in/cut.sst', good.slice(0, good.length - 1))
  withBytes(storage, '/in/short.sst', good.slice(0, 20))
  withBytes(storage, '/in/more.sst', claimingMore(good))
  withBytes(storage, '/in/text.sst', bytes('not a table\n'.repeat(50)))
  const { value, blobIndex } = ENTRY_KIND
  const unchecked = (name: string, ...entries: Parameters<typeof writeUnchecked>[2]) =>
    writeUnchecked(storage, `/in/${name}.sst`, entries)
  unchecked('unsorted', ['b', 0, value], ['a', 0, value])
  unchecked('twice', ['b', 0, value], ['b', 0, value])
  unchecked('oldest-first', ['b', 3, value], ['b', 4, value])
  unchecked('merge', ['a', 0, value], ['b', 0, 2])
  unchecked('single', ['b', 0, 7])
  unchecked('pointer', ['b', 0, blobIndex])
  writeExternal(storage, '/in/long.sst', [['b'.repeat(65_536), '1']])

  test.each([
    [['/in/missing.sst'], 'LSM_NOT_FOUND', /cannot open \/in\/missing\.sst/],
    [['/in/short.sst'], 'LSM_CORRUPTION', /short\.sst.*less than a footer/],
    [['/in/text.sst'], 'LSM_CORRUPTION', /text\.sst.*not a table/],
    [['/in/cut.sst'], 'LSM_CORRUPTION', /cut\.sst/],
    [['/in/more.sst'], 'LSM_CORRUPTION', /more\.sst: 200 entries found.* say 201/],
    [['/in/unsorted.sst'], 'LSM_CORRUPTION', /unsorted\.sst: keys out of order: a/],
    [['/in/twice.sst'], 'LSM_CORRUPTION', /twice\.sst: keys out of order: b/],
    [['/in/oldest-first.sst'], 'LSM_CORRUPTION', /oldest-first\.sst: keys out of order: b/],
    [['/in/merge.sst'], 'LSM_INVALID_ARGUMENT', /merge\.sst.*kind 2 \(merge operands\)/],
    [['/in/single.sst'], 'LSM_INVALID_ARGUMENT', /single\.sst.*kind 7 \(single deletions\)/],
    [['/in/pointer.sst'], 'LSM_INVALID_ARGUMENT', /pointer\.sst.*kind 17 \(pointers/],
    [['/in/long.sst'], 'LSM_INVALID_ARGUMENT', /long\.sst: key of 65536 bytes; at most 65535/],
    [['/in/good.sst', '/in/overlap.sst'], 'LSM_INVALID_ARGUMENT', /overlap at k1100: ingest them/],
    [['/in/range.sst', '/in/good.sst'], 'LSM_INVALID_ARGUMENT', /overlap at k1000/],
    [['/in/good.sst', '/in/good.sst'], 'LSM_INVALID_ARGUMENT', /good.*good.* overlap/],
    [['/in/good.sst', '/in/merge.sst'], 'LSM_INVALID_ARGUMENT', /merge\.sst/],
  ])('%j with %s, and changes nothing', (paths, code, message) => {
    const { db, storage: own } = openTest()
    put(db, 'a', '1')
    const before = own.list('/db')
    expect(() => db.ingest(paths, { storage })).toThrow(coded(code, message))
    expect(own.list('/db')).toEqual(before)
    expect({ seq: db.lastSeq, state: stateOf(db) }).toEqual({ seq: 1, state: 'a=1' })
    put(db, 'b', '2')
    db.close()
  })

  test('a table with a flipped bit, wherever it is', () => {
    const { db } = openTest()
    for (let at = 0; at < good.length; at += 13) {
      const damaged = good.slice()
      damaged[at]! ^= 4
      withBytes(storage, '/in/damaged.sst', damaged)
      let fault: unknown = null
      try {
        db.ingest(['/in/damaged.sst'], { storage })
      } catch (error) {
        fault = error
      }
      const isRefused = coded('LSM_CORRUPTION', /damaged\.sst/)
      const isUnknown = coded('LSM_INVALID_ARGUMENT', /damaged\.sst/)
      // In the footer a bit may name another format, or be padding.
      const inFooter = at >= good.length - 53
      if (!inFooter) expect(fault, `a flip at ${at}`).toEqual(isRefused)
      else if (fault !== null) expect([isRefused, isUnknown]).toContainEqual(fault)
      storage.remove('/in/damaged.sst')
      if (fault === null) break
    }
    db.close()
  })

  test('calls that come too late or from an event', () => {
    const messages: unknown[] = []
    const { db } = openTest({
      onEvent: () => {
        try {
          db.ingest(['/in/good.sst'], { storage })
        } catch (error) {
          messages.push(error)
        }
      },
    })
    db.ingest(['/in/good.sst'], { storage })
    expect(messages).toEqual([coded('LSM_INVALID_ARGUMENT', /no event listener/)])
    expect(db.lastSeq).toBe(1)
    db.close()
    expect(() => db.ingest(['/in/good.sst'], { storage })).toThrow(coded('LSM_CLOSED', /closed/))
  })
})

describe('a failing call', () => {
  const imports = new MemoryStorage(new Ledger())
  const large = 'x'.repeat(400)
  const first: readonly ExternalWrite[] = [
    ['b', null],
    ['c', large],
    ['d', { to: 'f' }],
    ['g', '2'],
  ]
  const second: readonly ExternalWrite[] = Array.from({ length: 20 }, (_, n) => [`h${n}`, large])
  writeExternal(imports, '/in/1.sst', first)
  writeExternal(imports, '/in/2.sst', second)
  const paths = ['/in/1.sst', '/in/2.sst']
  const before = new Map(Array.from('abcdefghi', (key) => [key, '1']))
  const after = new Map(before)
  applyExternal(after, [...first, ...second])
  const print = (state: ReadonlyMap<string, string>) =>
    [...state]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map((pair) => pair.join('='))
      .join(' ')

  /** Opens a database whose storage can fail; some of its writes are in the memtable. */
  function opened(memory = new MemoryStorage(new Ledger())) {
    const faults = new FaultStorage(memory)
    const { db } = openTest({
      storage: faults as never,
      strategy: everyNth(2),
      options: { valueLog: RESTLESS_LOG },
      valueLogPolicy: restless,
    })
    return { memory, faults, db }
  }

  function fill(db: Database): void {
    for (const [key, value] of before) {
      put(db, key, value)
      if (key === 'd') db.flush()
    }
  }

  const callsOf = (work: (db: Database, faults: FaultStorage) => void) => {
    const { db, faults } = opened()
    fill(db)
    const from = faults.calls
    work(db, faults)
    const until = faults.calls
    db.close()
    return [from + 1, until] as const
  }

  test('leaves all or nothing, and before the memtable is flushed a usable database', () => {
    const [from, until] = callsOf((db) => db.ingest(paths, { storage: imports }))
    let usable = 0
    for (let call = from; call <= until; call++) {
      const { memory, faults, db } = opened()
      fill(db)
      faults.failAt(call, 'ENOSPC', call % 2 === 0 ? 0 : 9)
      let failed = false
      try {
        db.ingest(paths, { storage: imports })
      } catch (error) {
        expect(error).toEqual(coded('LSM_IO', /ENOSPC/))
        failed = true
      }
      const state = stateOf(db)
      // What fails after the ingest is in the tree is thrown by the next write.
      expect(state, `call ${call}`).toBe(print(failed ? before : after))
      let writes = true
      try {
        put(db, 'z', '9')
      } catch {
        writes = false
      }
      if (failed && writes) {
        usable++
        const { tables } = db.version.totals
        const files = memory.list('/db').filter((name) => name.endsWith('.sst'))
        expect(files.length, `call ${call} leaves tables behind`).toBe(tables)
        db.ingest(paths, { storage: imports })
        expect(stateOf(db)).toBe(`${print(after)} z=9`)
      }
      try {
        db.close()
      } catch (error) {
        expect(writes, `${error}`).toBe(false)
      }
      const again = opened(memory)
      const expected = [print(before), print(after), `${print(after)} z=9`]
      expect(expected, `call ${call}`).toContain(stateOf(again.db))
      if (!failed) expect(stateOf(again.db)).toContain(print(after))
      again.db.close()
      expect(findOrphans(memory, '/db', recoverManifest(memory, '/db')!)).toEqual([])
    }
    expect(usable).toBeGreaterThan(10)
  })

  test('of a read leaves the database as it was', () => {
    const faulty = new FaultStorage(imports)
    const { memory, db } = opened()
    fill(db)
    const files = memory.list('/db')
    let reads = 0
    const undo = faulty.failWhen(({ operation }) => operation === 'read' && ++reads > 0, 'EIO')
    expect(() => db.ingest(paths, { storage: faulty })).toThrow(coded('LSM_IO', /1\.sst.*EIO/))
    undo()
    const count = (() => {
      let all = 0
      const stop = faulty.failWhen(({ operation }) => {
        if (operation === 'read') all++
        return false
      }, 'EIO')
      const other = opened()
      other.db.ingest(paths, { storage: faulty })
      other.db.close()
      stop()
      return all
    })()
    for (let at = 1; at <= count; at++) {
      let seen = 0
      const stop = faulty.failWhen(({ operation }) => operation === 'read' && ++seen === at, 'EIO')
      expect(() => db.ingest(paths, { storage: faulty })).toThrow(coded('LSM_IO', /\.sst.*EIO/))
      stop()
      expect(memory.list('/db')).toEqual(files)
    }
    expect(stateOf(db)).toBe(print(before))
    db.ingest(paths, { storage: faulty })
    expect(stateOf(db)).toBe(print(after))
    db.close()
  })

  test('is accounted for in the ledger', () => {
    const ledger = new Ledger()
    const { memory, faults, db } = opened(new MemoryStorage(ledger))
    fill(db)
    faults.failAt(faults.calls + 9, 'ENOSPC', 5)
    expect(() => db.ingest(paths, { storage: imports })).toThrow(coded('LSM_IO', /ENOSPC/))
    db.ingest(paths, { storage: imports })
    db.close()
    expect(liveBytes(ledger.balance())).toBe(folderBytes(memory, '/db'))
  })
})
