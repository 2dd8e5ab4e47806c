import { describe, expect, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { EncryptedStorage } from '../../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../../storage/encryption/encryption-key.ts'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { folderBytes, type Storage } from '../../storage/storage.ts'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { FaultStorage } from '../../testing/faults/fault-storage.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../../testing/fixtures.ts'
import { Database } from '../database.ts'
import type { OpenOptions } from '../open-options.ts'
import { checkpointFolder } from './checkpoint-folder.ts'
import { verifyDatabase } from './verify.ts'

const OPTIONS = { memtableBytes: 4096, blockBytes: 512, valueLog: RESTLESS_LOG }

function open(storage: Storage, folder = '/db', more: Partial<OpenOptions> = {}): Database {
  const strategy = everyNth(2)
  const fixed = { storage, folder, strategy, valueLogPolicy: restless, options: OPTIONS }
  return Database.open({ ...fixed, ...more })
}

function contentOf(db: Database): Map<string, string> {
  return new Map(Array.from(db.scan(), ([key, value]) => [text(key), text(value)]))
}

function contentIn(storage: Storage, folder: string): Map<string, string> {
  expect(verifyDatabase(storage, folder).faults).toEqual([])
  using db = open(storage, folder)
  return contentOf(db)
}

async function write(db: Database, oracle: Map<string, string>, from: number, to: number) {
  for (let index = from; index < to; index++) {
    const key = `key${(index * 7) % 60}`
    if (index % 9 === 0) {
      await db.delete(bytes(key))
      oracle.delete(key)
    } else {
      const value = `${index}`.padEnd(20 + (index % 5) * 30, '.')
      await db.put(bytes(key), bytes(value))
      oracle.set(key, value)
    }
  }
}

describe('a checkpoint of an open database', () => {
  test.each([1, 2, 3])(
    'holds what was committed, and both go their own ways, seed %i',
    async (seed) => {
      const random = createRandom(seed)
      const ledger = new Ledger()
      const storage = new MemoryStorage(ledger)
      const db = open(storage)
      const oracle = new Map<string, string>()
      const moments: [folder: string, content: Map<string, string>][] = []
      let written = 0
      for (let round = 0; round < 6; round++) {
        const count = random.nextBelow(120)
        await write(db, oracle, written, written + count)
        written += count
        const folder = `/checkpoint${round}`
        const { lastSeq } = db.checkpoint(folder)
        expect(lastSeq).toBe(db.lastSeq)
        moments.push([folder, new Map(oracle)])
      }
      expect(contentOf(db)).toEqual(oracle)
      const bytesOf = (folders: readonly string[]) =>
        folders.reduce((sum, folder) => sum + folderBytes(storage, folder), 0)
      const folders = moments.map(([folder]) => folder)
      expect(liveBytes(ledger.balance())).toBe(bytesOf(['/db', ...folders]))
      for (const [folder, content] of moments) {
        expect(contentIn(storage, folder)).toEqual(content)
        const copy = open(storage, folder)
        await write(copy, content, 1000, 1100)
        copy.flush()
        copy.close()
        expect(contentIn(storage, folder)).toEqual(content)
      }
      db.close()
      expect(contentIn(storage, '/db')).toEqual(oracle)
    },
  )

  test('runs beside jobs in threads, by hard links', async () => {
    const folder = newDiskFolder()
    const storage = new NodeStorage()
    const db = open(storage, `${folder}/db`, { scheduling: 'threads' })
    const oracle = new Map<string, string>()
    await write(db, oracle, 0, 500)
    const report = db.checkpoint(`${folder}/checkpoint`)
    expect(report).toMatchObject({ tablesCopied: 0 })
    const content = new Map(oracle)
    await write(db, oracle, 500, 1000)
    db.close()
    expect(contentIn(storage, `${folder}/checkpoint`)).toEqual(content)
    expect(contentIn(storage, `${folder}/db`)).toEqual(oracle)
  })

  test('changes the key, encrypts and decrypts', async () => {
    const inner = new MemoryStorage()
    const [first, second] = [EncryptionKey.random(), EncryptionKey.random()]
    const old = new EncryptedStorage(inner, first)
    const rotated = new EncryptedStorage(inner, second)
    const db = open(old)
    const oracle = new Map<string, string>()
    await write(db, oracle, 0, 300)
    db.checkpoint('/rotated', rotated)
    db.checkpoint('/plain', inner)
    db.close()
    expect(contentIn(rotated, '/rotated')).toEqual(oracle)
    expect(() => open(old, '/rotated')).toThrow(expect.objectContaining({ code: 'LSM_WRONG_KEY' }))
    expect(contentIn(inner, '/plain')).toEqual(oracle)
    checkpointFolder(inner, '/plain', '/again', rotated)
    expect(contentIn(rotated, '/again')).toEqual(oracle)
  })

  test('refuses a folder that holds files, lies inside the database, or has no name', async () => {
    const storage = new MemoryStorage()
    const db = open(storage)
    await write(db, new Map(), 0, 100)
    db.checkpoint('/once')
    const refused = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    for (const to of ['/once', '/db', '/db/inside', '/', '']) {
      expect(() => db.checkpoint(to), to).toThrow(refused)
    }
    db.close()
    const closed = expect.objectContaining({ code: 'LSM_CLOSED' })
    expect(() => db.checkpoint('/late')).toThrow(closed)
    expect(storage.list('/late')).toEqual([])
  })

  test('a failed call leaves nothing behind, and the database goes on', async () => {
    const memory = new MemoryStorage()
    const storage = new FaultStorage(memory)
    const db = open(storage)
    const oracle = new Map<string, string>()
    await write(db, oracle, 0, 200)
    db.flush()
    const stop = storage.failWhen(
      ({ operation, path }) => operation === 'create' && path.startsWith('/checkpoint/'),
      'ENOSPC',
    )
    expect(() => db.checkpoint('/checkpoint')).toThrow('ENOSPC')
    stop()
    expect(memory.list('/checkpoint')).toEqual([])
    await write(db, oracle, 200, 250)
    db.checkpoint('/checkpoint')
    expect(contentOf(db)).toEqual(oracle)
    db.close()
    expect(contentIn(memory, '/checkpoint')).toEqual(oracle)
  })

  test('a power cut leaves the whole checkpoint or a folder that no open takes', async () => {
    for (const isEncrypted of [false, true]) {
      const key = EncryptionKey.random()
      const over = (storage: Storage) =>
        isEncrypted ? new EncryptedStorage(storage, key) : storage
      const memory = new MemoryStorage()
      let whole: Map<string, string> | null = null
      let cuts = 0
      let opened = 0
      const faulty = new FaultStorage(memory, {
        onCall: () => {
          if (whole === null) return
          for (const names of ['lost', 'kept'] as const) {
            const image = over(memory.powerLoss({ bytes: 'lost', names }, new Ledger()))
            cuts++
            expect(contentIn(image, '/db')).toEqual(whole)
            if (!image.list('/checkpoint').includes('CURRENT')) continue
            opened++
            expect(contentIn(image, '/checkpoint')).toEqual(whole)
          }
        },
      })
      const db = open(over(faulty))
      const oracle = new Map<string, string>()
      await write(db, oracle, 0, 200)
      db.flush()
      whole = oracle
      db.checkpoint('/checkpoint')
      expect(cuts).toBeGreaterThan(20)
      expect(opened).toBeGreaterThan(0)
    }
  })
})

test('a checkpoint of a closed folder takes the batches of its log along', async () => {
  const storage = new MemoryStorage()
  const db = open(storage)
  const oracle = new Map<string, string>()
  await write(db, oracle, 0, 130)
  const image = storage.powerLoss({ bytes: 'kept', names: 'kept' }, new Ledger())
  const { replay } = checkpointFolder(image, '/db', '/copy')
  expect(replay.entries).toBeGreaterThan(0)
  expect(contentIn(image, '/copy')).toEqual(oracle)
  expect(contentIn(image, '/db')).toEqual(oracle)
})
