import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ledger, liveBytes } from '../ledger.ts'
import { MemoryStorage } from '../memory-storage.ts'
import { folderBytes } from '../storage.ts'
import {
  bytesOf,
  describeStorage,
  failureOf,
  flushTag,
  getTag,
  readText,
  writeFile,
} from '../testing/storage-cases.ts'
import { HistoryModel, historyArbitrary } from '../testing/storage-history.ts'
import { EncryptedStorage } from './encrypted-storage.ts'
import { EncryptionKey } from './encryption-key.ts'
import { FRAME_PAYLOAD_BYTES } from './frame-format.ts'

const key = EncryptionKey.of(new Uint8Array(32).fill(7))

function newWorld() {
  const physical = new Ledger()
  const inner = new MemoryStorage(physical)
  inner.makeFolder('/db')
  return { physical, inner, storage: new EncryptedStorage(inner, key) }
}

describeStorage('EncryptedStorage', () => {
  const { inner, storage } = newWorld()
  return {
    storage,
    ledger: storage.ledger,
    folder: '/db',
    reopened: (ledger) =>
      new EncryptedStorage(
        inner.powerLoss({ bytes: 'kept', names: 'kept' }, new Ledger()),
        key,
        ledger,
      ),
    dispose: () => {},
  }
})

/** Replaces a file of the storage below by `change` of its bytes. */
function tamper(inner: MemoryStorage, path: string, change: (bytes: Uint8Array) => Uint8Array) {
  const bytes = change(inner.readAll(path, getTag).slice())
  inner.remove(path)
  const file = inner.create(path, flushTag)
  file.append(bytes, 'data')
  file.close()
}

const flip = (at: number) => (bytes: Uint8Array) => bytes.with(at, bytes.at(at)! ^ 4)

describe('damage', () => {
  test('another key is told apart from damage', () => {
    const { inner, storage } = newWorld()
    writeFile(storage, '/db/a', 'content')
    const other = new EncryptedStorage(inner, EncryptionKey.random())
    expect(failureOf(() => other.open('/db/a', getTag))).toBe('LSM_WRONG_KEY')
  })

  test('every flipped byte of a synced file gives the content or corruption', () => {
    const { inner, storage } = newWorld()
    const file = storage.create('/db/a', flushTag)
    for (const part of ['one', 'two', 'three']) {
      file.append(bytesOf(part), 'data')
      file.sync()
    }
    file.close()
    let corrupt = 0
    const size = inner.size('/db/a')
    for (let at = 0; at < size; at++) {
      tamper(inner, '/db/a', flip(at))
      const found = failureOf(() => expect(readText(storage, '/db/a')).toBe('onetwothree'))
      expect(['nothing thrown', 'LSM_CORRUPTION']).toContain(found)
      if (found === 'LSM_CORRUPTION') corrupt++
      tamper(inner, '/db/a', flip(at))
    }
    expect(corrupt).toBeGreaterThan(150)
  })

  test('a torn last frame ends the file before it, also where the next append continues', () => {
    for (const isClosed of [true, false]) {
      for (let cut = 1; cut < 45; cut++) {
        const { inner, storage } = newWorld()
        const file = storage.create('/db/a', flushTag)
        file.append(bytesOf('whole '), 'data')
        file.sync()
        const before = inner.size('/db/a')
        file.append(bytesOf('the torn one'), 'data')
        if (isClosed) file.close()
        if (before + cut >= inner.size('/db/a')) break
        tamper(inner, '/db/a', (bytes) => bytes.subarray(0, before + cut))
        const again = new EncryptedStorage(inner, key)
        const text = cut < 44 ? 'whole ' : 'whole the torn one'
        expect(again.size('/db/a')).toBe(text.length)
        expect(readText(again, '/db/a')).toBe(text)
        const appended = again.appendTo('/db/a', flushTag)
        appended.append(bytesOf('+'), 'data')
        appended.close()
        expect(readText(again, '/db/a')).toBe(`${text}+`)
      }
    }
  })

  test('frames cannot be swapped, dropped or moved between files', () => {
    const { inner, storage } = newWorld()
    for (const name of ['a', 'b']) {
      const file = storage.create(`/db/${name}`, flushTag)
      for (const part of ['11', '22', '33']) {
        file.append(bytesOf(name + part), 'data')
        file.sync()
      }
      file.close()
    }
    const whole = inner.readAll('/db/a', getTag)
    const other = inner.readAll('/db/b', getTag)
    const header = 69
    const frame = 35
    const place = (index: number) => header + index * frame
    const part = (bytes: Uint8Array, index: number) => bytes.slice(place(index), place(index + 1))
    const planted: ((bytes: Uint8Array) => Uint8Array)[] = [
      (bytes) => {
        bytes.set(part(whole, 1), place(0))
        bytes.set(part(whole, 0), place(1))
        return bytes
      },
      (bytes) => Uint8Array.from([...bytes.slice(0, place(1)), ...bytes.slice(place(2))]),
      (bytes) => {
        bytes.set(part(other, 1), place(1))
        return bytes
      },
    ]
    for (const change of planted) {
      tamper(inner, '/db/a', change)
      expect(failureOf(() => readText(storage, '/db/a'))).toBe('LSM_CORRUPTION')
      tamper(inner, '/db/a', () => whole)
    }
    expect(readText(storage, '/db/a')).toBe('a11a22a33')
  })

  test('the content of one table under the name of another is refused', () => {
    const { inner, storage } = newWorld()
    writeFile(storage, '/db/000001.sst', 'first')
    inner.rename('/db/000001.sst', '/db/000002.sst')
    expect(failureOf(() => storage.open('/db/000002.sst', getTag))).toBe('LSM_CORRUPTION')
  })
})

test('over any history, the ledger below conserves the encrypted bytes', () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      const { physical, inner, storage } = newWorld()
      const model = new HistoryModel(storage, '/db')
      for (const step of history) {
        model.run(step)
        expect(liveBytes(physical.balance())).toBe(folderBytes(inner, '/db'))
        expect(liveBytes(storage.ledger.balance())).toBe(folderBytes(storage, '/db'))
      }
      model.closeAll()
      expect(liveBytes(physical.balance())).toBe(folderBytes(inner, '/db'))
    }),
    { numRuns: 60 },
  )
})

test('no nonce is used twice: equal appends after a truncation or a reopening differ', () => {
  const { inner, storage } = newWorld()
  const seen = new Set<string>()
  const note = (from: number) => {
    const bytes = inner.readAll('/db/a', getTag)
    const hex = Buffer.from(bytes.subarray(from)).toString('hex')
    // The payload of 64 equal bytes; only a new key or nonce changes it.
    expect(seen).not.toContain(hex)
    seen.add(hex)
  }
  const same = new Uint8Array(64).fill(1)
  let file = storage.create('/db/a', flushTag)
  for (let round = 0; round < 6; round++) {
    file.append(same, 'data')
    note(inner.size('/db/a') - 80)
    storage.truncate('/db/a', round % 2 === 0 ? 0 : 30)
    if (round % 3 !== 2) continue
    file.close()
    file = storage.appendTo('/db/a', flushTag)
  }
})

test('a read decrypts only the frames that it needs', () => {
  const { physical, storage } = newWorld()
  const file = storage.create('/db/a', flushTag)
  const bytes = Uint8Array.from({ length: 100 * FRAME_PAYLOAD_BYTES }, (_, at) => at * 7)
  file.append(bytes, 'data')
  file.close()
  const reader = storage.open('/db/a', getTag)
  const target = new Uint8Array(300)
  for (const offset of [0, 50_000, FRAME_PAYLOAD_BYTES - 1, bytes.length - 300]) {
    const before = physical.cells().reduce((sum, cell) => sum + cell.bytes, 0)
    reader.read(target, 300, offset, 'data')
    expect(target).toEqual(bytes.slice(offset, offset + 300))
    const after = physical.cells().reduce((sum, cell) => sum + cell.bytes, 0)
    expect(after - before).toBeLessThan(3 * FRAME_PAYLOAD_BYTES)
  }
})
