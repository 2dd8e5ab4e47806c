/**
 * Owns what every Storage must do: one list of cases. The test file of each implementation runs it
 * through a factory. The last case matters most for the measurements: over random histories, the
 * ledger holds exactly what moved, and its balance equals the files' sizes.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLsmError } from '../../base/errors.ts'
import { Ledger, liveBytes, sumCells } from '../ledger.ts'
import { countFolder, type FileTag, folderBytes, joinPath, type Storage } from '../storage.ts'
import { accountOf, HistoryModel, historyArbitrary, type Step } from './storage-history.ts'

export interface StorageFixture {
  readonly storage: Storage
  readonly ledger: Ledger
  /** An empty folder that exists. */
  readonly folder: string
  /** Another storage over the same files that counts on `ledger`. */
  reopened(ledger: Ledger): Storage
  dispose(): void
}

export const flushTag: FileTag = { cause: 'flush', level: 0 }
export const getTag: FileTag = { cause: 'get', level: -1 }

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function writeFile(storage: Storage, path: string, text: string): void {
  const file = storage.create(path, flushTag)
  file.append(bytesOf(text), 'data')
  file.sync()
  file.close()
}

export function readText(storage: Storage, path: string): string {
  return new TextDecoder().decode(storage.readAll(path, getTag))
}

/** The code of the `LsmError` that `action` throws, and its errno if it has one. */
export function failureOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (isLsmError(error)) return [error.code, error.data.errno].filter(Boolean).join(' ')
    throw error
  }
  return 'nothing thrown'
}

export function describeStorage(name: string, createFixture: () => StorageFixture): void {
  describe(`${name} as a Storage`, () => {
    fileCases(createFixture)
    nameCases(createFixture)
    lockCases(createFixture)
    ledgerCases(createFixture)
  })
}

type Body = (fixture: StorageFixture, path: (name: string) => string) => void | Promise<void>

function defineCase(createFixture: () => StorageFixture, title: string, body: Body): void {
  test(title, async () => {
    const fixture = createFixture()
    try {
      await body(fixture, (name) => joinPath(fixture.folder, name))
    } finally {
      fixture.dispose()
    }
  })
}

function fileCases(createFixture: () => StorageFixture): void {
  const it = (title: string, body: Body) => defineCase(createFixture, title, body)

  it('appended bytes are read back, whole and in parts', ({ storage }, path) => {
    const file = storage.create(path('a'), flushTag)
    file.append(bytesOf('strata '), 'data')
    file.append(bytesOf('of clay'), 'index')
    expect(file.bytes).toBe(14)
    expect(readText(storage, path('a'))).toBe('strata of clay')
    const reader = storage.open(path('a'), getTag)
    expect(reader.bytes).toBe(14)
    const target = new Uint8Array(8)
    reader.read(target, 4, 10, 'data')
    expect(target).toEqual(new Uint8Array([...bytesOf('clay'), 0, 0, 0, 0]))
    file.close()
    reader.close()
  })

  it('an empty append makes no call; an empty file reads as empty', ({ storage, ledger }, path) => {
    const file = storage.create(path('a'), flushTag)
    file.append(new Uint8Array(0), 'data')
    file.close()
    expect(readText(storage, path('a'))).toBe('')
    expect(ledger.cells()).toEqual([])
  })

  it('the appended array is not kept', ({ storage }, path) => {
    const file = storage.create(path('a'), flushTag)
    const bytes = bytesOf('before')
    file.append(bytes, 'data')
    bytes.fill(0)
    file.close()
    expect(readText(storage, path('a'))).toBe('before')
  })

  it('creating an existing file is an error and does not change the file', ({ storage }, path) => {
    writeFile(storage, path('a'), 'first')
    expect(failureOf(() => storage.create(path('a'), flushTag))).toBe('LSM_IO EEXIST')
    expect(readText(storage, path('a'))).toBe('first')
  })

  it('a read past the end is corruption and says where', ({ storage }, path) => {
    writeFile(storage, path('a'), 'ten bytes!')
    const reader = storage.open(path('a'), getTag)
    const target = new Uint8Array(20)
    expect(() => reader.read(target, 11, 0, 'data')).toThrowError(
      expect.objectContaining({
        code: 'LSM_CORRUPTION',
        data: { path: path('a'), offset: 0, expected: 11, actual: 10 },
      }),
    )
    expect(failureOf(() => reader.read(target, 1, 10, 'data'))).toBe('LSM_CORRUPTION')
    expect(failureOf(() => reader.read(target, 1, 1000, 'data'))).toBe('LSM_CORRUPTION')
    reader.close()
  })

  it('handles made by `tagged` share the file and close together', ({ storage, ledger }, path) => {
    writeFile(storage, path('a'), 'shared')
    const reader = storage.open(path('a'), getTag)
    const compaction = reader.tagged({ cause: 'compaction', level: 3 })
    compaction.read(new Uint8Array(6), 6, 0, 'filter')
    expect(ledger.cells().at(-1)).toEqual({
      cause: 'compaction',
      level: 3,
      section: 'filter',
      direction: 'read',
      bytes: 6,
      calls: 1,
    })
    compaction.close()
    compaction.close()
    expect(() => reader.read(new Uint8Array(1), 1, 0, 'data')).toThrow(/closed/)
  })

  it('a closed writer refuses appends; closing twice is allowed', ({ storage }, path) => {
    const file = storage.create(path('a'), flushTag)
    file.close()
    file.close()
    expect(() => file.append(bytesOf('late'), 'data')).toThrow(/closed/)
    expect(() => file.sync()).toThrow(/closed/)
  })

  it('asynchronous syncs run beside appends and finish after a close', async ({
    storage,
  }, path) => {
    const file = storage.create(path('a'), flushTag)
    file.append(bytesOf('one'), 'data')
    const first = file.syncAsync()
    file.append(bytesOf('two'), 'data')
    const second = file.syncAsync()
    file.close()
    await Promise.all([first, second])
    expect(readText(storage, path('a'))).toBe('onetwo')
  })
}

function nameCases(createFixture: () => StorageFixture): void {
  const it = (title: string, body: Body) => defineCase(createFixture, title, body)

  it('every operation on a missing file is LSM_NOT_FOUND', ({ storage, folder }, path) => {
    const missing = path('missing')
    const actions: readonly (() => unknown)[] = [
      () => storage.open(missing, getTag),
      () => storage.readAll(missing, getTag),
      () => storage.size(missing),
      () => storage.rename(missing, path('b')),
      () => storage.link(missing, path('b')),
      () => storage.truncate(missing, 0),
      () => storage.remove(missing),
      () => storage.create(path('no-folder/a'), flushTag),
      () => storage.syncFolder(path('no-folder')),
      () => storage.lock(path('no-folder')),
    ]
    for (const action of actions) expect(failureOf(action)).toBe('LSM_NOT_FOUND ENOENT')
    expect(storage.list(folder)).toEqual([])
  })

  it('an error is one line that names the path', ({ storage }, path) => {
    expect(() => storage.remove(path('a'))).toThrowError(
      expect.objectContaining({
        message: `cannot remove ${path('a')}: no such file or directory (ENOENT)`,
        data: { path: path('a'), operation: 'remove', errno: 'ENOENT' },
      }),
    )
  })

  it('list is sorted, without folders; a missing folder is empty', ({ storage, folder }, path) => {
    for (const name of ['b', 'a10', 'a9', 'B']) writeFile(storage, path(name), name)
    storage.makeFolder(path('c'))
    expect(storage.list(folder)).toEqual(['B', 'a10', 'a9', 'b'])
    for (const name of ['d', 'c']) storage.makeFolder(path(name))
    expect(storage.list(folder)).toEqual(['B', 'a10', 'a9', 'b'])
    expect(storage.list(folder, 'folders')).toEqual(['c', 'd'])
    expect(storage.list(path('no-folder'), 'folders')).toEqual([])
    expect(storage.list(path('no-folder'))).toEqual([])
    storage.syncFolder(folder)
  })

  it('makeFolder makes the parents too and accepts existing folders', ({ storage }, path) => {
    storage.makeFolder(path('x/y/z'))
    storage.makeFolder(path('x/y'))
    writeFile(storage, path('x/y/z/a'), 'deep')
    expect(storage.list(path('x/y/z'))).toEqual(['a'])
    expect(failureOf(() => storage.makeFolder(path('x/y/z/a')))).toBe('LSM_IO EEXIST')
  })

  it('rename moves a file and replaces an existing target', ({ storage, ledger, folder }, path) => {
    writeFile(storage, path('CURRENT.tmp'), 'MANIFEST-000007\n')
    writeFile(storage, path('CURRENT'), 'old\n')
    storage.rename(path('CURRENT.tmp'), path('CURRENT'))
    expect(storage.list(folder)).toEqual(['CURRENT'])
    expect(readText(storage, path('CURRENT'))).toBe('MANIFEST-000007\n')
    expect(ledger.balance().removed).toBe(4)
  })

  it('renaming between two names of one file does nothing', ({ storage, ledger, folder }, path) => {
    writeFile(storage, path('a'), 'same')
    storage.link(path('a'), path('b'))
    storage.rename(path('a'), path('b'))
    storage.rename(path('a'), path('a'))
    expect(storage.list(folder)).toEqual(['a', 'b'])
    expect(liveBytes(ledger.balance())).toBe(8)
  })

  it('a link is a second name; each name is removed separately', ({ storage, ledger }, path) => {
    writeFile(storage, path('a'), 'table')
    storage.link(path('a'), path('b'))
    expect(failureOf(() => storage.link(path('a'), path('b')))).toBe('LSM_IO EEXIST')
    storage.remove(path('a'))
    expect(readText(storage, path('b'))).toBe('table')
    storage.remove(path('b'))
    expect(ledger.balance()).toMatchObject({ appended: 5, linked: 5, removed: 10 })
  })

  it('truncate keeps a prefix and never lengthens', ({ storage, ledger }, path) => {
    writeFile(storage, path('a'), 'wal record torn')
    storage.truncate(path('a'), 10)
    expect(readText(storage, path('a'))).toBe('wal record')
    expect(ledger.balance().truncated).toBe(5)
    expect(() => storage.truncate(path('a'), 11)).toThrow(/lengthens/)
    expect(storage.size(path('a'))).toBe(10)
  })

  it('appendTo continues at the end of a file', ({ storage, ledger }, path) => {
    writeFile(storage, path('a'), 'wal record torn')
    storage.truncate(path('a'), 10)
    const file = storage.appendTo(path('a'), flushTag)
    expect(file.bytes).toBe(10)
    file.append(bytesOf('s'), 'meta')
    file.sync()
    file.close()
    expect(file.bytes).toBe(11)
    expect(readText(storage, path('a'))).toBe('wal records')
    expect(ledger.balance()).toMatchObject({ appended: 16, truncated: 5 })
    expect(() => storage.appendTo(path('b'), flushTag)).toThrow(
      expect.objectContaining({ code: 'LSM_NOT_FOUND' }),
    )
    expect(storage.list(path('').slice(0, -1))).toEqual(['a'])
  })

  it('concurrent reads each get their own bytes and finish after a close', async ({
    storage,
    ledger,
  }, path) => {
    writeFile(storage, path('a'), 'strata of clay')
    const reader = storage.open(path('a'), getTag)
    const targets = [new Uint8Array(6), new Uint8Array(4)]
    const reads = [
      reader.readAsync(targets[0]!, 6, 0, 'data'),
      reader.readAsync(targets[1]!, 4, 10, 'data'),
    ]
    reader.close()
    await Promise.all(reads)
    expect(targets).toEqual([bytesOf('strata'), bytesOf('clay')])
    const { bytes, calls } = sumCells(ledger.cells(), { cause: 'get', direction: 'read' })
    expect({ bytes, calls }).toEqual({ bytes: 10, calls: 2 })
    const again = storage.open(path('a'), getTag)
    await expect(again.readAsync(new Uint8Array(9), 9, 10, 'data')).rejects.toMatchObject({
      code: 'LSM_CORRUPTION',
      data: { path: path('a'), offset: 10, expected: 9, actual: 4 },
    })
    again.close()
  })

  it('open readers can still read a removed file', ({ storage }, path) => {
    writeFile(storage, path('a'), 'pinned')
    const reader = storage.open(path('a'), getTag)
    storage.remove(path('a'))
    writeFile(storage, path('a'), 'another')
    const target = new Uint8Array(6)
    reader.read(target, 6, 0, 'data')
    expect(new TextDecoder().decode(target)).toBe('pinned')
    reader.close()
  })
}

function lockCases(createFixture: () => StorageFixture): void {
  const it = (title: string, body: Body) => defineCase(createFixture, title, body)

  it('a folder is held once until released', ({ storage, ledger, folder }) => {
    const lock = storage.lock(folder)
    expect(() => storage.lock(folder)).toThrowError(
      expect.objectContaining({ code: 'LSM_LOCKED', data: { pid: process.pid, path: folder } }),
    )
    expect(storage.list(folder), 'the lock is not among the files').toEqual([])
    expect(liveBytes(ledger.balance())).toBe(0)
    lock.release()
    const again = storage.lock(folder)
    lock.release()
    expect(
      failureOf(() => storage.lock(folder)),
      'release is idempotent',
    ).toBe('LSM_LOCKED')
    again.release()
  })

  it('two folders are held independently', ({ storage }, path) => {
    storage.makeFolder(path('one'))
    storage.makeFolder(path('two'))
    const locks = [storage.lock(path('one')), storage.lock(path('two'))]
    for (const lock of locks) lock.release()
  })
}

function ledgerCases(createFixture: () => StorageFixture): void {
  const eachHistory = (check: (fixture: StorageFixture, history: readonly Step[]) => void) =>
    fc.assert(
      fc.property(historyArbitrary, (history) => {
        const fixture = createFixture()
        try {
          check(fixture, history)
        } finally {
          fixture.dispose()
        }
      }),
      // Limits the time to shrink a failure, which could take minutes on a real disk.
      { numRuns: 60, interruptAfterTimeLimit: 20_000 },
    )

  test('over any history, contents and ledger equal the plain model', () => {
    eachHistory(({ storage, ledger, folder }, history) => {
      const model = new HistoryModel(storage, folder)
      for (const step of history) {
        model.run(step)
        expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, folder))
      }
      model.closeAll()
      expect(ledger.cells().map(accountOf).sort()).toEqual(model.accounts())
      expect(storage.list(folder)).toEqual([...model.files.keys()].sort())
      for (const [name, file] of model.files) {
        expect([...storage.readAll(joinPath(folder, name), getTag)]).toEqual(file.bytes)
      }
    })
  })

  test("a reopened folder's balance starts from the files present", () => {
    eachHistory(({ storage, folder, reopened }, history) => {
      const model = new HistoryModel(storage, folder)
      const half = Math.floor(history.length / 2)
      for (const step of history.slice(0, half)) model.run(step)
      model.closeAll()
      const ledger = new Ledger()
      const second = reopened(ledger)
      countFolder(second, ledger, folder)
      expect(ledger.balance().presentAtOpen).toBe(folderBytes(storage, folder))
      model.storage = second
      for (const step of history.slice(half)) model.run(step)
      model.closeAll()
      expect(liveBytes(ledger.balance())).toBe(folderBytes(second, folder))
    })
  })
}
