import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, liveBytes } from './ledger.ts'
import { MemoryStorage } from './memory-storage.ts'
import type { PowerLossChoice } from './power-loss.ts'
import { joinPath, type Storage } from './storage.ts'
import { bytesOf, describeStorage, flushTag, getTag, writeFile } from './testing/storage-cases.ts'
import { HistoryModel, historyArbitrary } from './testing/storage-history.ts'

function memoryStorage(): MemoryStorage {
  const storage = new MemoryStorage(new Ledger())
  storage.makeFolder('/db')
  return storage
}

describeStorage('MemoryStorage', () => {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  storage.makeFolder('/db')
  return {
    storage,
    ledger,
    folder: '/db',
    reopened: (otherLedger) => storage.powerLoss({ bytes: 'kept', names: 'kept' }, otherLedger),
    dispose: () => {},
  }
})

/** The folder's files after a power loss, as name → text. */
function filesAfter(
  storage: MemoryStorage,
  choice: PowerLossChoice,
): Readonly<Record<string, string>> {
  return texts(storage.powerLoss(choice, new Ledger()), '/db')
}

function texts(storage: Storage, folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    storage.list(folder).map((name) => {
      const bytes = storage.readAll(joinPath(folder, name), getTag)
      return [name, String.fromCharCode(...bytes)] // may be any bytes, so one character per byte
    }),
  )
}

const LOST = { bytes: 'lost', names: 'lost' } as const
const KEPT = { bytes: 'kept', names: 'kept' } as const

describe('bytes after a power loss', () => {
  /** A file of 4 synced and 6 unsynced bytes under a durable name. */
  function halfSynced(): MemoryStorage {
    const storage = memoryStorage()
    const file = storage.create('/db/wal', flushTag)
    file.append(bytesOf('SAFE'), 'data')
    file.sync()
    file.append(bytesOf('unsafe'), 'data')
    storage.syncFolder('/db')
    return storage
  }
  const seed = 7

  test('unsynced bytes may be lost, kept or torn; synced bytes stay', () => {
    const storage = halfSynced()
    expect(filesAfter(storage, LOST)).toEqual({ wal: 'SAFE' })
    expect(filesAfter(storage, KEPT)).toEqual({ wal: 'SAFEunsafe' })
    const torn = (keptBytes: number, rest: 'lost' | 'zeros' | 'garbage') =>
      filesAfter(storage, { bytes: { kind: 'torn', keptBytes, rest, seed }, names: 'kept' }).wal
    expect(torn(2, 'lost')).toBe('SAFEun')
    expect(torn(2, 'zeros')).toBe('SAFEun\0\0\0\0')
    expect(torn(0, 'lost')).toBe('SAFE')
    expect(torn(100, 'zeros')).toBe('SAFEunsafe')
    expect(torn(2, 'garbage')).toMatch(/^SAFEun/)
    expect(torn(2, 'garbage')).not.toBe('SAFEunsafe')
    expect(torn(2, 'garbage'), 'a seed gives the same loss again').toBe(torn(2, 'garbage'))
  })

  test('sectors may be written back out of order', () => {
    const storage = memoryStorage()
    const file = storage.create('/db/table', flushTag)
    file.append(new Uint8Array(300).fill(1), 'data')
    file.sync()
    file.append(new Uint8Array(2000).fill(2), 'data')
    storage.syncFolder('/db')
    const shapes = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const lost = storage.powerLoss(
        { bytes: { kind: 'sectors', seed }, names: 'kept' },
        new Ledger(),
      )
      const bytes = lost.readAll('/db/table', flushTag)
      expect(bytes.subarray(0, 300)).toEqual(new Uint8Array(300).fill(1))
      // The first sector is cut at the synced part: 212 B; then whole ones; the last has 252 B.
      const sectors = [300, 512, 1024, 1536, 2048].map((start) => {
        const sector = bytes.subarray(start, Math.floor(start / 512) * 512 + 512)
        expect(new Set(sector).size, 'a sector is written whole').toBe(1)
        return sector[0]
      })
      shapes.add(sectors.join(''))
    }
    expect(shapes.size, 'every order was seen').toBe(32)
  })

  test('a seeded choice differs per file, and every outcome occurs', () => {
    const storage = memoryStorage()
    for (const name of ['a', 'b']) {
      const file = storage.create(`/db/${name}`, flushTag)
      file.append(bytesOf('123'), 'data')
      file.sync()
      file.append(bytesOf('456'), 'data')
    }
    storage.syncFolder('/db')
    const seen = new Set<string>()
    let differing = 0
    for (let seed = 0; seed < 300; seed++) {
      const { a = '', b = '' } = filesAfter(storage, {
        bytes: { kind: 'seeded', seed },
        names: 'kept',
      })
      seen.add(a).add(b)
      if (a !== b) differing++
    }
    for (const outcome of ['123', '1234', '12345', '123456', '1234\0\0', '123\0\0\0']) {
      expect(seen, JSON.stringify(outcome)).toContain(outcome)
    }
    expect([...seen].every((text) => text.startsWith('123'))).toBe(true)
    expect(differing).toBeGreaterThan(100)
  })

  test('an asynchronous sync covers what was appended before it, once it resolves', async () => {
    const storage = memoryStorage()
    const file = storage.create('/db/wal', flushTag)
    storage.syncFolder('/db')
    file.append(bytesOf('one'), 'data')
    const synced = file.syncAsync()
    file.append(bytesOf('two'), 'data')
    expect(filesAfter(storage, LOST)).toEqual({ wal: '' })
    await synced
    expect(filesAfter(storage, LOST)).toEqual({ wal: 'one' })
  })

  test('a truncation is durable; an append after it is not', () => {
    const storage = memoryStorage()
    const file = storage.create('/db/wal', flushTag)
    storage.syncFolder('/db')
    file.append(bytesOf('record torn'), 'data')
    file.sync()
    storage.truncate('/db/wal', 6)
    expect(filesAfter(storage, LOST)).toEqual({ wal: 'record' })
    file.append(bytesOf(' more'), 'data')
    expect(filesAfter(storage, LOST)).toEqual({ wal: 'record' })
    expect(filesAfter(storage, KEPT)).toEqual({ wal: 'record more' })
  })
})

describe('names after a power loss', () => {
  test('a file whose name was never synced may vanish, even if its bytes were synced', () => {
    const storage = memoryStorage()
    writeFile(storage, '/db/table', 'synced bytes')
    expect(filesAfter(storage, { bytes: 'kept', names: 'lost' })).toEqual({})
    expect(filesAfter(storage, { bytes: 'lost', names: 'kept' })).toEqual({ table: 'synced bytes' })
    storage.syncFolder('/db')
    expect(filesAfter(storage, LOST)).toEqual({ table: 'synced bytes' })
  })

  test('an unsynced removal may be undone; the file then has its synced bytes', () => {
    const storage = memoryStorage()
    writeFile(storage, '/db/table', 'alive')
    storage.syncFolder('/db')
    storage.remove('/db/table')
    expect(filesAfter(storage, LOST)).toEqual({ table: 'alive' })
    expect(filesAfter(storage, KEPT)).toEqual({})
    storage.syncFolder('/db')
    expect(filesAfter(storage, LOST)).toEqual({})
  })

  test("a rename happens whole or not at all, and does not sync the file's bytes", () => {
    const storage = memoryStorage()
    writeFile(storage, '/db/CURRENT', 'old')
    storage.syncFolder('/db')
    const temporary = storage.create('/db/CURRENT.tmp', flushTag)
    temporary.append(bytesOf('new'), 'data')
    storage.rename('/db/CURRENT.tmp', '/db/CURRENT')
    expect(filesAfter(storage, LOST)).toEqual({ CURRENT: 'old' })
    expect(filesAfter(storage, { bytes: 'lost', names: 'kept' }), 'renamed without a sync').toEqual(
      {
        CURRENT: '',
      },
    )
    temporary.sync()
    const seen = new Set<string>()
    for (let seed = 0; seed < 50; seed++) {
      const names = { kind: 'subset', seed } as const
      seen.add(JSON.stringify(filesAfter(storage, { bytes: 'lost', names })))
    }
    expect([...seen].sort()).toEqual([
      '{"CURRENT":"new"}',
      '{"CURRENT":"old","CURRENT.tmp":"new"}',
      '{"CURRENT":"old"}',
    ])
  })

  test('changes to different names persist in any combination', () => {
    const storage = memoryStorage()
    for (const name of ['1', '2']) writeFile(storage, `/db/${name}`, name)
    storage.syncFolder('/db')
    storage.remove('/db/1')
    writeFile(storage, '/db/3', '3')
    storage.link('/db/2', '/db/4')
    const seen = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const names = { kind: 'subset', seed } as const
      seen.add(Object.keys(filesAfter(storage, { bytes: 'lost', names })).join(''))
    }
    expect([...seen].sort()).toEqual(['12', '123', '1234', '124', '2', '23', '234', '24'])
  })

  test('changes to one name persist in order: a later one never without the earlier ones', () => {
    const storage = memoryStorage()
    for (const text of ['1', '2', '3']) {
      writeFile(storage, '/db/temporary', text)
      storage.rename('/db/temporary', `/db/${text}`)
    }
    const seen = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const names = { kind: 'subset', seed } as const
      seen.add(Object.entries(filesAfter(storage, { bytes: 'lost', names })).join(' '))
    }
    // Six changes, all through the same name: the first n of them survive, for any n.
    expect([...seen].sort()).toEqual([
      '',
      '1,1',
      '1,1 2,2',
      '1,1 2,2 3,3',
      '1,1 2,2 temporary,3',
      '1,1 temporary,2',
      'temporary,1',
    ])
  })

  test("a sync of one folder includes earlier changes to its files' names in another folder", () => {
    const storage = memoryStorage()
    storage.makeFolder('/archive')
    writeFile(storage, '/db/log', 'first')
    storage.rename('/db/log', '/db/old')
    writeFile(storage, '/db/log', 'second')
    storage.rename('/db/log', '/archive/log')
    writeFile(storage, '/db/apart', 'unsynced')
    storage.syncFolder('/archive')
    const lost = storage.powerLoss(LOST, new Ledger())
    expect(texts(lost, '/archive')).toEqual({ log: 'second' })
    expect(texts(lost, '/db'), 'the first log was renamed, never removed').toEqual({ old: 'first' })
    expect(filesAfter(storage, KEPT)).toEqual({ old: 'first', apart: 'unsynced' })
  })

  test('two names of one file are still one file after the reboot', () => {
    const storage = memoryStorage()
    writeFile(storage, '/db/a', 'one')
    storage.link('/db/a', '/db/b')
    storage.syncFolder('/db')
    const rebooted = storage.powerLoss(LOST, new Ledger())
    rebooted.rename('/db/a', '/db/b')
    expect(texts(rebooted, '/db')).toEqual({ a: 'one', b: 'one' })
    expect(() => rebooted.truncate('/db/a', 1)).toThrow(/finished/)
  })

  test('a link is durable independently of the first name', () => {
    const storage = memoryStorage()
    storage.makeFolder('/export')
    writeFile(storage, '/db/table', 'linked')
    storage.link('/db/table', '/export/table')
    storage.syncFolder('/export')
    const lost = storage.powerLoss(LOST, new Ledger())
    expect(texts(lost, '/export')).toEqual({ table: 'linked' })
    expect(texts(lost, '/db')).toEqual({})
  })

  test('syncing either folder makes a rename between them durable: never both names, never neither', () => {
    for (const folder of ['/db', '/archive']) {
      const storage = memoryStorage()
      storage.makeFolder('/archive')
      writeFile(storage, '/db/log', 'moved')
      storage.rename('/db/log', '/archive/log')
      storage.syncFolder(folder)
      const lost = storage.powerLoss(LOST, new Ledger())
      expect(texts(lost, '/archive')).toEqual({ log: 'moved' })
      expect(texts(lost, '/db')).toEqual({})
    }
  })

  test('new folders are durable at once; locks and open files end with the power', () => {
    const storage = memoryStorage()
    storage.makeFolder('/db/sub')
    storage.lock('/db')
    const lost = storage.powerLoss(LOST, new Ledger())
    writeFile(lost, '/db/sub/a', 'text')
    lost.lock('/db').release()
  })
})

describe('over any history with syncs anywhere', () => {
  const choiceArbitrary: fc.Arbitrary<PowerLossChoice> = fc.record({
    bytes: fc.oneof(
      fc.constantFrom('lost' as const, 'kept' as const),
      fc.record({ kind: fc.constant('seeded'), seed: fc.nat() }),
      fc.record({ kind: fc.constant('sectors'), seed: fc.nat() }),
    ),
    names: fc.oneof(
      fc.constantFrom('lost' as const, 'kept' as const),
      fc.record({ kind: fc.constant('subset'), seed: fc.nat() }),
    ),
  })
  const syncArbitrary = fc.array(fc.constantFrom('none', 'none', 'files', 'folder', 'all'), {
    minLength: 80,
    maxLength: 80,
  })

  test('synced data is found, nothing is invented, and the same choice gives the same loss', () => {
    fc.assert(
      fc.property(historyArbitrary, syncArbitrary, choiceArbitrary, (history, syncs, choice) => {
        const storage = memoryStorage()
        const model = new HistoryModel(storage, '/db')
        const everNamed = new Set<string>()
        let durable: Readonly<Record<string, string>> | null = {}
        history.forEach((step, index) => {
          model.run(step)
          for (const name of storage.list('/db')) everNamed.add(name)
          const sync = syncs[index]
          if (sync === 'files' || sync === 'all') model.syncAll()
          if (sync === 'folder' || sync === 'all') storage.syncFolder('/db')
          durable = model.allSynced && sync === 'all' ? texts(storage, '/db') : null
        })
        const found = filesAfter(storage, choice)
        if (durable !== null) expect(found).toEqual(durable)
        for (const name of Object.keys(found)) expect(everNamed).toContain(name)
        if (choice.names === 'kept') {
          expect(Object.keys(found)).toEqual([...model.files.keys()].sort())
          for (const [name, { bytes, syncedBytes }] of model.files) {
            const synced = String.fromCharCode(...bytes.slice(0, syncedBytes))
            expect(found[name]!.slice(0, syncedBytes)).toBe(synced)
            expect(found[name]!.length).toBeLessThanOrEqual(bytes.length)
          }
        }
        expect(
          filesAfter(storage, choice),
          'a power loss does not change the original storage',
        ).toEqual(found)
      }),
      { numRuns: 300 },
    )
  })

  test('a second loss right after the reboot loses nothing more', () => {
    fc.assert(
      fc.property(historyArbitrary, choiceArbitrary, (history, choice) => {
        const storage = memoryStorage()
        const model = new HistoryModel(storage, '/db')
        for (const step of history) model.run(step)
        const rebooted = storage.powerLoss(choice, new Ledger())
        expect(filesAfter(rebooted, LOST)).toEqual(texts(rebooted, '/db'))
      }),
    )
  })
})

test('the fresh ledger counts only moves after the reboot', () => {
  const storage = memoryStorage()
  writeFile(storage, '/db/a', 'before')
  storage.syncFolder('/db')
  const ledger = new Ledger()
  const rebooted = storage.powerLoss(LOST, ledger)
  expect(liveBytes(ledger.balance())).toBe(0)
  writeFile(rebooted, '/db/b', 'after')
  expect(liveBytes(ledger.balance())).toBe(5)
})

test('appending to a linked or removed file fails an assertion', () => {
  const storage = memoryStorage()
  const file = storage.create('/db/a', flushTag)
  storage.link('/db/a', '/db/b')
  expect(() => file.append(bytesOf('x'), 'data')).toThrow(/finished/)
  expect(() => storage.truncate('/db/a', 0)).toThrow(/finished/)
  storage.remove('/db/a')
  storage.remove('/db/b')
  expect(() => file.append(bytesOf('x'), 'data')).toThrow(/finished/)
})
