import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../storage/encryption/encryption-key.ts'
import { isEncrypted, passphraseKey } from '../storage/encryption/passphrase-key.ts'
import { Ledger, liveBytes } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { folderBytes, joinPath, type Storage } from '../storage/storage.ts'
import { newDiskFolder } from '../testing/disk-folder.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { Database } from './database.ts'
import { verifyDatabase } from './offline/verify.ts'
import type { OpenOptions } from './open-options.ts'
import { openReader } from './readers/reader.ts'

const key = EncryptionKey.of(new Uint8Array(32).fill(5))
const COST = { memoryKiB: 64, passes: 1, parallelism: 1 }

function open(storage: Storage, folder: string, more: Partial<OpenOptions> = {}): Database {
  return Database.open({
    storage,
    folder,
    strategy: everyNth(2),
    valueLogPolicy: restless,
    ...more,
    options: { memtableBytes: 4096, blockBytes: 512, valueLog: RESTLESS_LOG, ...more.options },
  })
}

/** Writes keys and values that nothing else contains; returns what the database must hold. */
async function load(db: Database, count: number): Promise<Map<string, string>> {
  const oracle = new Map<string, string>()
  for (let index = 0; index < count; index++) {
    const name = `SECRETKEY${index % 70}`
    const value = `SECRETVALUE${index}`.padEnd(20 + (index % 4) * 40, 'SECRETVALUE')
    await db.put(bytes(name), bytes(value), { sync: index % 40 === 0 })
    oracle.set(name, value)
  }
  return oracle
}

function contentOf(db: Database): Map<string, string> {
  return new Map(Array.from(db.scan(), ([name, value]) => [text(name), text(value)]))
}

function change(storage: Storage, path: string, edit: (content: Uint8Array) => Uint8Array): void {
  const tag = { cause: 'meta', level: -1 } as const
  const content = edit(storage.readAll(path, tag).slice())
  storage.remove(path)
  const file = storage.create(path, tag)
  file.append(content, 'data')
  file.sync()
  file.close()
}

test('no file of an open or closed folder shows a key, a value or the secret', async () => {
  const folder = newDiskFolder()
  const storage = new EncryptedStorage(new NodeStorage(), key)
  const db = open(storage, folder)
  const oracle = await load(db, 300)
  const secret = Buffer.from(key.share().secret)
  const search = () => {
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name))
      for (const part of ['SECRET', 'every-2', 'memtableBytes', 'MANIFEST-', secret]) {
        // The header of a file holds its name.
        const at = content.indexOf(part, 0)
        const isName = part === 'MANIFEST-' && name.startsWith(part)
        expect(at < 0 || isName, `${name} shows ${part}`).toBe(true)
      }
    }
  }
  search()
  db.close()
  search()
  expect(isEncrypted(new NodeStorage(), folder)).toBe(true)
  expect(verifyDatabase(storage, folder).faults).toEqual([])
  using again = open(storage, folder)
  expect(contentOf(again)).toEqual(oracle)
})

test('threads and readers use the key, and both ledgers conserve their bytes', async () => {
  const folder = newDiskFolder()
  const physical = new Ledger()
  const inner = new NodeStorage(physical)
  const storage = new EncryptedStorage(inner, key)
  const db = open(storage, folder, { scheduling: 'threads' })
  const oracle = await load(db, 600)
  db.flush()
  expect(db.metrics().merges).toBeGreaterThan(0)
  const reader = openReader(db.readerChannel())
  for (const [name, value] of oracle) expect(text(reader.get(bytes(name))!)).toBe(value)
  reader.close()
  expect(contentOf(db)).toEqual(oracle)
  db.close()
  expect(liveBytes(physical.balance())).toBe(folderBytes(inner, folder))
  expect(liveBytes(storage.ledger.balance())).toBe(folderBytes(storage, folder))
  expect(folderBytes(inner, folder)).toBeGreaterThan(folderBytes(storage, folder))
})

test('another key, another passphrase and no key are told apart from damage', async () => {
  const inner = new MemoryStorage()
  const first = passphraseKey(inner, '/db', 'correct horse', COST)
  const db = open(new EncryptedStorage(inner, first), '/db')
  const oracle = await load(db, 100)
  db.close()
  const openWith = (passphrase: string) =>
    open(new EncryptedStorage(inner, passphraseKey(inner, '/db', passphrase)), '/db')
  expect(() => openWith('wrong horse')).toThrow(expect.objectContaining({ code: 'LSM_WRONG_KEY' }))
  expect(() => open(inner, '/db')).toThrow('the folder is encrypted: open it with its key')
  using again = openWith('correct horse')
  expect(contentOf(again)).toEqual(oracle)
})

test('misuse: keys of another length, empty passphrases, an option without a storage', () => {
  const refused = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
  expect(() => EncryptionKey.of(new Uint8Array(31))).toThrow(refused)
  expect(() => EncryptionKey.of('x'.repeat(32) as never)).toThrow(refused)
  expect(() => EncryptionKey.fromPassphrase('')).toThrow(refused)
  expect(() => EncryptionKey.fromPassphrase('x', { ...COST, memoryKiB: 1 })).toThrow(refused)
  const options = { encryption: 'aes-256-gcm' } as const
  expect(() => open(new MemoryStorage(), '/db', { options })).toThrow(refused)
  open(new EncryptedStorage(new MemoryStorage(), key), '/db', { options }).close()
})

test('any flipped byte of an encrypted folder gives right answers or a coded error', async () => {
  const inner = new MemoryStorage()
  const storage = new EncryptedStorage(inner, key)
  const db = open(storage, '/db')
  const oracle = await load(db, 24)
  db.flush()
  await db.put(bytes('in the log'), bytes('only'))
  oracle.set('in the log', 'only')
  db.close()
  const whole = new Map(
    inner
      .list('/db')
      .map((name) => [name, inner.readAll(`/db/${name}`, { cause: 'meta', level: -1 })]),
  )
  let refused = 0
  for (const [name, content] of whole) {
    for (let at = 0; at < content.length; at += 3) {
      const image = new MemoryStorage()
      image.makeFolder('/db')
      for (const [other, unchanged] of whole) {
        const file = image.create(joinPath('/db', other), { cause: 'meta', level: -1 })
        file.append(other === name ? unchanged.with(at, unchanged[at]! ^ 16) : unchanged, 'data')
        file.close()
      }
      try {
        const damaged = open(new EncryptedStorage(image, key), '/db')
        expect(contentOf(damaged), `byte ${at} of ${name}`).toEqual(oracle)
        damaged.close()
      } catch (error) {
        if (!isLsmError(error)) throw error
        expect(error.code, `byte ${at} of ${name}`).toBe('LSM_CORRUPTION')
        expect(error.data.path).toBe(joinPath('/db', name))
        refused++
      }
    }
  }
  expect(refused).toBeGreaterThan(500)
})

test('a damaged table does not take the others with it', async () => {
  const inner = new MemoryStorage()
  const storage = new EncryptedStorage(inner, key)
  const db = open(storage, '/db', { strategy: everyNth(100) })
  await load(db, 200)
  db.close()
  const table = inner.list('/db').find((name) => name.endsWith('.sst'))!
  change(inner, `/db/${table}`, (content) => content.with(200, content[200]! ^ 1))
  const again = open(storage, '/db', { strategy: everyNth(100) })
  expect(() => contentOf(again)).toThrow(`${table} at offset`)
  await again.put(bytes('fresh'), bytes('value'))
  expect(text(again.get(bytes('fresh'))!)).toBe('value')
  again.close()
})
