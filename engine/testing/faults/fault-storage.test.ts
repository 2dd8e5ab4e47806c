import { describe, expect, test } from 'vitest'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import {
  bytesOf,
  describeStorage,
  failureOf,
  flushTag,
  getTag,
  readText,
  writeFile,
} from '../../storage/testing/storage-cases.ts'
import { FaultStorage, type StorageCall } from './fault-storage.ts'

function memoryFolder(ledger = new Ledger()): MemoryStorage {
  const storage = new MemoryStorage(ledger)
  storage.makeFolder('/db')
  return storage
}

describeStorage('FaultStorage without faults', () => {
  const ledger = new Ledger()
  const inner = memoryFolder(ledger)
  return {
    storage: new FaultStorage(inner),
    ledger,
    folder: '/db',
    reopened: (otherLedger) => inner.powerLoss({ bytes: 'kept', names: 'kept' }, otherLedger),
    dispose: () => {},
  }
})

/** Replaces CURRENT in an order that survives a crash at any call. */
function replaceCurrent(storage: Storage, text: string): void {
  const file = storage.create('/db/CURRENT.tmp', flushTag)
  file.append(bytesOf(text), 'meta')
  file.sync()
  file.close()
  storage.rename('/db/CURRENT.tmp', '/db/CURRENT')
  storage.syncFolder('/db')
}

describe('calls', () => {
  test('mutating calls are numbered from 1 and reported before they are made', async () => {
    const calls: StorageCall[] = []
    const inner = memoryFolder()
    const storage = new FaultStorage(inner, { onCall: (call) => calls.push(call) })
    replaceCurrent(storage, 'seven')
    expect(readText(storage, '/db/CURRENT')).toBe('seven')
    storage.link('/db/CURRENT', '/db/copy')
    storage.remove('/db/copy')
    storage.truncate('/db/CURRENT', 2)
    storage.makeFolder('/db/x')
    const file = storage.create('/db/x/a', flushTag)
    await file.syncAsync()
    expect(calls).toEqual(
      [
        { operation: 'create', path: '/db/CURRENT.tmp' },
        { operation: 'append', path: '/db/CURRENT.tmp', bytes: 5 },
        { operation: 'sync', path: '/db/CURRENT.tmp' },
        { operation: 'rename', path: '/db/CURRENT.tmp' },
        { operation: 'syncFolder', path: '/db' },
        { operation: 'link', path: '/db/CURRENT' },
        { operation: 'remove', path: '/db/copy' },
        { operation: 'truncate', path: '/db/CURRENT', bytes: 2 },
        { operation: 'makeFolder', path: '/db/x' },
        { operation: 'create', path: '/db/x/a' },
        { operation: 'sync', path: '/db/x/a' },
      ].map((call, index) => ({ number: index + 1, ...call })),
    )
    expect(storage.calls).toBe(calls.length)
  })

  test('an error thrown by the hook replaces the call', () => {
    const inner = memoryFolder()
    const storage = new FaultStorage(inner, {
      onCall: () => {
        throw new Error('stopped by the harness')
      },
    })
    expect(() => storage.create('/db/a', flushTag)).toThrow('stopped by the harness')
    expect(inner.list('/db')).toEqual([])
  })
})

describe('injected errors', () => {
  test('have the same form as real ones', () => {
    const storage = new FaultStorage(memoryFolder())
    storage.failAt(2, 'ENOSPC')
    const file = storage.create('/db/a', flushTag)
    expect(() => file.append(bytesOf('text'), 'data')).toThrowError(
      expect.objectContaining({
        code: 'LSM_IO',
        message: 'cannot append to /db/a: no space left on device (ENOSPC)',
        data: { path: '/db/a', operation: 'append', errno: 'ENOSPC' },
      }),
    )
    file.append(bytesOf('next'), 'data')
    expect(readText(storage, '/db/a'), 'only the one call failed').toBe('next')
  })

  test('an append that fails midway leaves its first bytes, and the ledger counts them', () => {
    const ledger = new Ledger()
    const storage = new FaultStorage(memoryFolder(ledger))
    storage.failAt(2, 'ENOSPC', 3)
    const file = storage.create('/db/a', flushTag)
    expect(failureOf(() => file.append(bytesOf('abcdef'), 'data'))).toBe('LSM_IO ENOSPC')
    expect(readText(storage, '/db/a')).toBe('abc')
    expect(file.bytes).toBe(3)
    expect(liveBytes(ledger.balance())).toBe(3)
  })

  test('strike every matching call, reads included, until they are lifted', async () => {
    const storage = new FaultStorage(memoryFolder())
    writeFile(storage, '/db/table', 'rows')
    const reader = storage.open('/db/table', getTag).tagged(flushTag)
    const file = storage.create('/db/wal', flushTag)
    const faults = (['read', 'sync', 'list', 'size', 'open', 'lock'] as const).map((operation) =>
      storage.failWhen((call) => call.operation === operation, 'EIO'),
    )
    for (const failing of [
      () => reader.read(new Uint8Array(4), 4, 0, 'data'),
      () => file.sync(),
      () => storage.list('/db'),
      () => storage.size('/db/table'),
      () => storage.open('/db/table', getTag),
      () => storage.readAll('/db/table', getTag),
      () => storage.lock('/db'),
    ]) {
      expect(failureOf(failing)).toBe('LSM_IO EIO')
      expect(failureOf(failing), 'again').toBe('LSM_IO EIO')
    }
    await expect(file.syncAsync()).rejects.toMatchObject({ code: 'LSM_IO' })
    for (const lift of faults) lift()
    reader.read(new Uint8Array(4), 4, 0, 'data')
    await file.syncAsync()
  })
})

describe('a power cut', () => {
  test('fails every later call, but handles still close and locks are still released', async () => {
    const inner = memoryFolder()
    const storage = new FaultStorage(inner)
    const lock = storage.lock('/db')
    const file = storage.create('/db/a', flushTag)
    storage.cutAt(3)
    file.append(bytesOf('before'), 'data')
    expect(storage.isCut).toBe(false)
    const cut = expect.objectContaining({
      code: 'LSM_IO',
      message: 'power cut at call 3: append /db/a',
      data: { path: '/db/a', operation: 'append', errno: 'EIO', powerCut: true },
    })
    expect(() => file.append(bytesOf('after'), 'data')).toThrowError(cut)
    expect(storage.isCut).toBe(true)
    const later: readonly (() => unknown)[] = [
      () => file.sync(),
      () => storage.open('/db/a', getTag),
      () => storage.list('/db'),
      () => storage.remove('/db/a'),
      () => storage.lock('/db'),
    ]
    for (const action of later) expect(failureOf(action)).toBe('LSM_IO EIO')
    await expect(file.syncAsync()).rejects.toMatchObject({ data: { powerCut: true } })
    file.close()
    lock.release()
    expect(readText(inner, '/db/a')).toBe('before')
  })

  test('may leave the first bytes of the append it struck', () => {
    const inner = memoryFolder()
    const storage = new FaultStorage(inner)
    storage.cutAt(2, 4)
    expect(failureOf(() => writeFile(storage, '/db/a', 'torn here'))).toBe('LSM_IO EIO')
    expect(readText(inner, '/db/a')).toBe('torn')
  })

  test('is never followed by a sync that reports success', async () => {
    const storage = new FaultStorage(memoryFolder())
    const file = storage.create('/db/a', flushTag)
    file.append(bytesOf('text'), 'data')
    const synced = file.syncAsync()
    storage.cutAt(4)
    expect(failureOf(() => storage.remove('/db/a'))).toBe('LSM_IO EIO')
    await expect(synced).rejects.toMatchObject({ data: { powerCut: true } })
  })

  /**
   * Stops `replace` at each of its calls in turn, simulates many power losses there, and reads
   * CURRENT.
   */
  function outcomes(replace: (storage: Storage, text: string) => void): ReadonlySet<string> {
    const outcome = new Set<string>()
    for (let number = 6; ; number++) {
      const inner = memoryFolder()
      const storage = new FaultStorage(inner)
      replaceCurrent(storage, 'old')
      storage.cutAt(number, 2)
      const finished = failureOf(() => replace(storage, 'new')) === 'nothing thrown'
      for (let seed = 0; seed < 40; seed++) {
        const choice = { bytes: { kind: 'seeded', seed }, names: { kind: 'subset', seed } } as const
        const found = inner.powerLoss(choice, new Ledger())
        const current = found.list('/db').includes('CURRENT')
          ? readText(found, joinPath('/db', 'CURRENT'))
          : 'missing'
        outcome.add(finished ? `acknowledged: ${current}` : current)
      }
      if (finished) return outcome
    }
  }

  test('leaves the old or the new content, whichever call of a careful replacement it strikes', () => {
    expect(outcomes(replaceCurrent)).toEqual(new Set(['old', 'new', 'acknowledged: new']))
  })

  test('exposes a replacement that forgets to sync the file or the folder', () => {
    const forgetful = (forgotten: 'file' | 'folder') =>
      outcomes((storage, text) => {
        const file = storage.create('/db/CURRENT.tmp', flushTag)
        file.append(bytesOf(text), 'meta')
        if (forgotten !== 'file') file.sync()
        storage.rename('/db/CURRENT.tmp', '/db/CURRENT')
        if (forgotten !== 'folder') storage.syncFolder('/db')
      })
    expect(forgetful('file')).toContain('acknowledged: ')
    expect(forgetful('folder')).toContain('acknowledged: old')
  })
})
