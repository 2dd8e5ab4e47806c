import { expect, test } from 'vitest'
import type { MemoryStorage } from '../../storage/memory-storage.ts'
import type { LockPurpose } from '../../storage/storage.ts'
import { openTest } from '../../testing/fixtures.ts'
import { copyOf, write } from '../../testing/recovery-fixtures.ts'
import { describeFolder } from './closed-folder.ts'
import { exportDatabase } from './export.ts'
import { verifyDatabase } from './verify.ts'

function closed(): MemoryStorage {
  const { db, storage } = openTest()
  write(db, 0, 100)
  db.close()
  return storage
}

/** What the folder's lock is asked for in `action`, on a copy of the storage. */
function purposesOf(storage: MemoryStorage, action: (copy: MemoryStorage) => unknown) {
  const copy = copyOf(storage)
  const purposes: LockPurpose[] = []
  const lock = copy.lock.bind(copy)
  copy.lock = (folder: string, purpose: LockPurpose = 'write') => {
    purposes.push(purpose)
    return lock(folder)
  }
  action(copy)
  return purposes
}

test('a closed folder is locked for reading, an open one for writing', () => {
  const storage = closed()
  expect(purposesOf(storage, (copy) => verifyDatabase(copy, '/db'))).toEqual(['read'])
  expect(purposesOf(storage, (copy) => describeFolder(copy, '/db'))).toEqual(['read'])
  expect(purposesOf(storage, (copy) => exportDatabase(copy, '/db', '/out'))).toEqual(['read'])
  expect(purposesOf(storage, (copy) => openTest({ storage: copy }).db.close())).toEqual(['write'])
})

test('a read during which the folder was opened ends with the error of the lock', () => {
  const storage = closed()
  const lock = storage.lock.bind(storage)
  storage.lock = (folder: string) => {
    const held = lock(folder)
    return {
      release: () => {
        held.release()
        throw new Error('opened meanwhile')
      },
    }
  }
  expect(() => verifyDatabase(storage, '/db')).toThrow('opened meanwhile')
})
