import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { invalidArgument } from '../base/errors.ts'
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts'
import { EncryptionKey } from '../storage/encryption/encryption-key.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { hasDirectReads } from '../storage/testing/has-direct-reads.ts'
import { bytes, everyNth, RESTLESS_LOG, restless, text } from '../testing/fixtures.ts'
import { Database } from './database.ts'
import type { OpenOptions } from './open-options.ts'
import { openReader } from './readers/reader.ts'

const CHILD = fileURLToPath(new URL('testing/direct-reads.child.ts', import.meta.url))

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'varve-direct-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function open(open: Pick<OpenOptions, 'storage' | 'folder' | 'scheduling'>): Database {
  return Database.open({
    ...open,
    strategy: everyNth(2),
    valueLogPolicy: restless,
    options: { memtableBytes: 4096, blockBytes: 512, directReads: true, valueLog: RESTLESS_LOG },
  })
}

const STORAGES = [
  ['plain files', () => new NodeStorage()],
  ['encrypted files', () => new EncryptedStorage(new NodeStorage(), EncryptionKey.random())],
] as const

for (const scheduling of ['inline', 'threads'] as const) {
  test.skipIf(!hasDirectReads()).each(STORAGES)(
    `direct reads of %s answer as the oracle, ${scheduling}`,
    async (_name, newStorage) => {
      const folder = newFolder()
      const storage = newStorage()
      const db = open({ storage, folder, scheduling })
      const oracle = new Map<string, string>()
      for (let index = 0; index < 500; index++) {
        const key = `key${index % 90}`
        const value = `${index}`.padEnd(20 + (index % 4) * 40, '.')
        await db.put(bytes(key), bytes(value))
        oracle.set(key, value)
        if (index % 50 > 0) continue
        for (const [name, expected] of oracle) expect(text(db.get(bytes(name))!)).toBe(expected)
      }
      db.flush()
      const keys = [...oracle.keys()]
      const many = await db.getMany(keys.map(bytes))
      expect(many.map((value) => text(value!))).toEqual([...oracle.values()])
      const reader = openReader(db.readerChannel())
      for (const [name, expected] of oracle) expect(text(reader.get(bytes(name))!)).toBe(expected)
      reader.close()
      const scanned = new Map<string, string>()
      for await (const [key, value] of db.scanAsync()) scanned.set(text(key), text(value))
      expect(scanned).toEqual(oracle)
      db.close()
      using again = open({ storage, folder, scheduling })
      expect(new Map(Array.from(again.scan(), ([key, value]) => [text(key), text(value)]))).toEqual(
        oracle,
      )
    },
  )
}

test.skipIf(!hasDirectReads() || !tracesCalls())(
  'tables and segments are opened for direct reads by all threads, logs and manifests are not',
  () => {
    const [folder, traces] = [newFolder(), newFolder()]
    const trace = ['-f', '-qq', '-e', 'trace=openat', '-o', join(traces, 'trace')]
    execFileSync('strace', [...trace, process.execPath, CHILD, folder])
    const calls = readFileSync(join(traces, 'trace'), 'utf8').split('\n')
    const reads = calls.filter((call) => call.includes(folder) && call.includes('O_RDONLY'))
    const flagsOf = (names: RegExp) => {
      const opens = reads.filter((call) => names.test(call))
      return {
        opens: opens.length,
        direct: opens.filter((call) => call.includes('O_DIRECT')).length,
        threads: new Set(opens.map((call) => call.split(' ')[0])).size,
      }
    }
    const tables = flagsOf(/\.sst"/)
    expect(tables.opens).toBeGreaterThan(10)
    expect(tables.direct).toBe(tables.opens)
    expect(tables.threads, 'the database and its worker').toBeGreaterThan(1)
    const segments = flagsOf(/\.blob"/)
    expect(segments.opens).toBeGreaterThan(10)
    expect(segments.direct).toBe(segments.opens)
    expect(flagsOf(/\.log"|MANIFEST|CURRENT|OPTIONS/).direct).toBe(0)
  },
)

test('a storage without a page cache is refused before the folder is touched', () => {
  const storage = new MemoryStorage()
  expect(() => open({ storage, folder: '/db' })).toThrow(
    'engine option directReads needs a storage of real files, as NodeStorage',
  )
  expect(storage.list('/', 'folders')).toEqual([])
})

test('a file system that refuses is reported by the open, which changes nothing', () => {
  const folder = newFolder()
  const storage = new NodeStorage()
  const refusal = invalidArgument('engine option directReads: refused')
  const check = () => {
    throw refusal
  }
  Object.assign(storage, { direct: { ...storage.direct, check } })
  expect(() => open({ storage, folder })).toThrow(refusal)
  expect(readdirSync(folder)).toEqual([])
  Database.open({ storage, folder, strategy: everyNth(2) }).close()
})

/** Whether strace is installed and allowed to trace. */
function tracesCalls(): boolean {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
