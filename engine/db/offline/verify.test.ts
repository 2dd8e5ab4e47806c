import { describe, expect, test } from 'vitest'
import type { MemoryStorage } from '../../storage/memory-storage.ts'
import type { FileTag } from '../../storage/storage.ts'
import { bytes, everyNth, openTest } from '../../testing/fixtures.ts'
import { LogReader } from '../../wal/log-reader.ts'
import { LogWriter } from '../../wal/log-writer.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { verifyDatabase } from './verify.ts'

const tag: FileTag = { cause: 'meta', level: -1 }

function lived(compression: 'none' | 'lz4'): MemoryStorage {
  const { db, storage } = openTest({ strategy: everyNth(3), options: { compression } })
  const write = (index: number) => {
    const batch = new WriteBatch()
    batch.put(bytes(`key${(index * 17) % 50}`), bytes(`${index}`.padEnd(index % 120, 'y')))
    if (index % 7 === 0) batch.delete(bytes(`key${index % 50}`))
    db.writeSync(batch)
  }
  for (let index = 0; index < 150; index++) write(index)
  db.flush()
  for (let index = 0; index < 4; index++) write(index)
  db.close()
  return storage
}

function replace(storage: MemoryStorage, path: string, content: Uint8Array): void {
  storage.remove(path)
  const file = storage.create(path, tag)
  file.append(content, 'data')
  file.close()
}

/** Paths of the faults found after `change` of the file's bytes, which is then undone. */
function faultsAfter(
  storage: MemoryStorage,
  path: string,
  change: (content: Uint8Array) => Uint8Array,
): readonly unknown[] {
  const content = storage.readAll(path, tag)
  replace(storage, path, change(content.slice()))
  const { faults } = verifyDatabase(storage, '/db')
  replace(storage, path, content)
  return faults.map(({ data }) => data.path)
}

describe('verify', () => {
  test('finds no fault in a sound database and counts what it read', () => {
    const storage = lived('lz4')
    const report = verifyDatabase(storage, '/db')
    expect(report).toMatchObject({ logs: 1, batches: 4, faults: [] })
    expect(report.tables).toBe(storage.list('/db').filter((n) => n.endsWith('.sst')).length)
  })

  // OPTIONS.json carries no checksum: it is a record for people.
  test.each(['none', 'lz4'] as const)('finds a flip of any byte (%s)', (compression) => {
    const storage = lived(compression)
    let flips = 0
    for (const name of storage.list('/db').filter((each) => each !== 'OPTIONS.json')) {
      const path = `/db/${name}`
      for (let at = 0; at < storage.size(path); at++) {
        const flip = (content: Uint8Array) => content.with(at, content[at]! ^ (1 << (at % 8)))
        expect(faultsAfter(storage, path, flip), `byte ${at} of ${name}`).toEqual([path])
        flips++
      }
    }
    expect(flips).toBeGreaterThan(1000)
  })

  test('finds a truncated file and a missing table', () => {
    const storage = lived('none')
    for (const name of storage.list('/db').filter((each) => each !== 'OPTIONS.json')) {
      const path = `/db/${name}`
      expect(faultsAfter(storage, path, (content) => content.subarray(0, -1))).toEqual([path])
    }
    const table = storage.list('/db').find((name) => name.endsWith('.sst'))!
    storage.remove(`/db/${table}`)
    expect(verifyDatabase(storage, '/db').faults).toMatchObject([{ code: 'LSM_NOT_FOUND' }])
  })

  test('finds a missing batch between two others', () => {
    const storage = lived('none')
    const path = `/db/${storage.list('/db').find((name) => name.endsWith('.log'))}`
    const reader = new LogReader(storage.readAll(path, tag), path)
    const batches: Uint8Array[] = []
    while (reader.next()) batches.push(reader.record)
    storage.remove(path)
    const log = new LogWriter(storage.create(path, tag))
    for (const batch of batches.toSpliced(2, 1)) log.append(batch)
    log.close()
    const { faults } = verifyDatabase(storage, '/db')
    expect(faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(/: batch of seq \d+, expected seq \d+$/),
    ])
  })

  test('names every damaged file with the offset', () => {
    const storage = lived('none')
    const [first, second] = storage.list('/db').filter((name) => name.endsWith('.sst'))
    for (const name of [first, second]) {
      const path = `/db/${name}`
      const content = storage.readAll(path, tag)
      content[9]! ^= 1
      replace(storage, path, content)
    }
    expect(verifyDatabase(storage, '/db').faults.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        `/db/${first} at offset 0: block checksum mismatch`,
        `/db/${second} at offset 0: block checksum mismatch`,
      ]),
    )
  })

  test('finds a sound table under the wrong name', () => {
    const storage = lived('none')
    const [first, second] = storage.list('/db').filter((name) => name.endsWith('.sst'))
    const other = storage.readAll(`/db/${second}`, tag)
    expect(faultsAfter(storage, `/db/${first}`, () => other)).toEqual([`/db/${first}`])
  })
})
