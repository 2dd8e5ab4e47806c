/**
 * Tests how NodeStorage handles system calls that do less than asked, and system calls that fail.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { Ledger, liveBytes, sumCells } from './ledger.ts'
import { NodeStorage } from './node-storage.ts'
import { folderBytes } from './storage.ts'
import {
  bytesOf,
  failureOf,
  flushTag,
  getTag,
  readText,
  writeFile,
} from './testing/storage-cases.ts'

const onLinux = test.skipIf(process.platform !== 'linux')

function fixture() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'varve-calls-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true }))
  const ledger = new Ledger()
  return {
    folder,
    ledger,
    storage: new NodeStorage(ledger),
    path: (name: string) => join(folder, name),
  }
}

/** Replaces a system call by `body`. The returned function restores the call. */
function replaced<Name extends keyof typeof fs>(
  name: Name,
  body: (original: (typeof fs)[Name]) => unknown,
): () => void {
  const original = fs[name]
  const put = (value: unknown) => {
    Object.assign(fs, { [name]: value })
    syncBuiltinESMExports()
  }
  put(body(original))
  const restore = () => put(original)
  onTestFinished(restore)
  return restore
}

const failing = (code: string, syscall: string) => () => {
  throw Object.assign(new Error(code), { code, syscall })
}

/** Returns 1, 2, 3, 1, 2, 3 and so on: how much the next call may do. */
function portions(): (wanted: number) => number {
  let calls = 0
  return (wanted) => Math.min(wanted, 1 + (calls++ % 3))
}

const TEXT = 'strata of clay, laid down year by year'

describe('a call that does less than asked is continued', () => {
  test('in an append, however short the writes', () => {
    const { storage, ledger, path } = fixture()
    const portion = portions()
    replaced(
      'writeSync',
      (write) => (fd: number, bytes: Uint8Array, from: number, length: number) =>
        write(fd, bytes, from, portion(length)),
    )
    const file = storage.create(path('a'), flushTag)
    for (const part of TEXT.split(/(?<= )/)) file.append(bytesOf(part), 'data')
    expect(file.bytes).toBe(TEXT.length)
    file.close()
    expect(readText(storage, path('a'))).toBe(TEXT)
    const { bytes, calls } = sumCells(ledger.cells(), { direction: 'write' })
    expect(bytes).toBe(TEXT.length)
    expect(calls).toBeGreaterThan(TEXT.length / 3)
  })

  test('an append that fails afterwards has counted the bytes that arrived', () => {
    const { storage, ledger, path, folder } = fixture()
    let calls = 0
    replaced('writeSync', (write) => (fd: number, bytes: Uint8Array, from: number) => {
      if (++calls === 3) failing('ENOSPC', 'write')()
      return write(fd, bytes, from, 5)
    })
    const file = storage.create(path('a'), flushTag)
    expect(failureOf(() => file.append(bytesOf(TEXT), 'data'))).toBe('LSM_IO ENOSPC')
    expect(file.bytes).toBe(10)
    file.close()
    expect(readText(storage, path('a'))).toBe(TEXT.slice(0, 10))
    expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, folder))
  })

  const ranges = [
    [0, TEXT.length],
    [7, 20],
    [TEXT.length - 1, 1],
  ] as const

  test.each(ranges)('in a read from %i of %i bytes', (offset, length) => {
    const { storage, ledger, path } = fixture()
    writeFile(storage, path('a'), TEXT)
    const portion = portions()
    replaced(
      'readSync',
      (read) => (fd: number, target: Uint8Array, start: number, wanted: number, at: number) =>
        read(fd, target, start, portion(wanted), at),
    )
    const file = storage.open(path('a'), getTag)
    const target = new Uint8Array(length + 2)
    file.read(target, length, offset, 'index')
    expect(target).toEqual(bytesOf(`${TEXT.slice(offset, offset + length)}\0\0`))
    expect(sumCells(ledger.cells(), { direction: 'read' }).bytes).toBe(length)
    file.close()
  })

  test.each(ranges)('in an asynchronous read from %i of %i bytes', async (offset, length) => {
    const { storage, ledger, path } = fixture()
    writeFile(storage, path('a'), TEXT)
    shortenReads()
    const file = storage.open(path('a'), getTag)
    const target = new Uint8Array(length + 2)
    await file.readAsync(target, length, offset, 'index')
    expect(target).toEqual(bytesOf(`${TEXT.slice(offset, offset + length)}\0\0`))
    const { bytes, calls } = sumCells(ledger.cells(), { direction: 'read', section: 'index' })
    expect(bytes).toBe(length)
    expect(calls).toBeGreaterThanOrEqual(length / 3)
    file.close()
  })

  test('until the end of the file; the error says how many bytes were there', async () => {
    const { storage, path } = fixture()
    writeFile(storage, path('a'), TEXT)
    shortenReads()
    const file = storage.open(path('a'), getTag)
    const where = { offset: 30, expected: 20, actual: TEXT.length - 30 }
    const error = { code: 'LSM_CORRUPTION', data: { path: path('a'), ...where } }
    await expect(file.readAsync(new Uint8Array(20), 20, 30, 'data')).rejects.toMatchObject(error)
    expect(() => file.read(new Uint8Array(20), 20, 30, 'data')).toThrow(
      expect.objectContaining(error),
    )
    file.close()
  })

  function shortenReads(): void {
    const portion = portions()
    type Done = (error: Error | null, count: number, target: Uint8Array) => void
    replaced(
      'read',
      (read) =>
        (fd: number, target: Uint8Array, start: number, wanted: number, at: number, done: Done) =>
          read(fd, target, start, portion(wanted), at, done),
    )
    replaced(
      'readSync',
      (read) => (fd: number, target: Uint8Array, start: number, wanted: number, at: number) =>
        read(fd, target, start, portion(wanted), at),
    )
  }
})

describe('promised syncs reach the system', () => {
  /** The syncs that `work` requests from the system, each with the name of its file or folder. */
  async function syncsOf(work: () => unknown): Promise<readonly string[]> {
    const syncs: string[] = []
    const note = (call: string, fd: number) =>
      syncs.push(`${call} ${basename(fs.readlinkSync(`/proc/self/fd/${fd}`))}`)
    const restore = [
      replaced('fdatasyncSync', (sync) => (fd: number) => {
        note('fdatasync', fd)
        sync(fd)
      }),
      replaced('fsyncSync', (sync) => (fd: number) => {
        note('fsync', fd)
        sync(fd)
      }),
      replaced('fdatasync', (sync) => (fd: number, done: fs.NoParamCallback) => {
        note('fdatasync', fd)
        sync(fd, done)
      }),
    ]
    await work()
    for (const each of restore) each()
    return syncs
  }

  onLinux('a file and a folder are synced by their own calls', async () => {
    const { storage, folder, path } = fixture()
    const file = storage.create(path('a'), flushTag)
    file.append(bytesOf(TEXT), 'data')
    expect(await syncsOf(() => file.sync())).toEqual(['fdatasync a'])
    expect(await syncsOf(() => file.syncAsync())).toEqual(['fdatasync a'])
    const names = basename(folder)
    expect(await syncsOf(() => storage.syncFolder(folder))).toEqual([`fsync ${names}`])
    expect(await syncsOf(() => file.close())).toEqual([])
    expect(await syncsOf(() => storage.truncate(path('a'), 5))).toEqual(['fdatasync a'])
    // A new folder is a name in its parent, so the parent is synced too.
    const made = ['fsync x', `fsync ${names}`].reverse()
    expect(await syncsOf(() => storage.makeFolder(path('x/y')))).toEqual(made)
    expect(await syncsOf(() => storage.makeFolder(path('x/y')))).toEqual([])
    const again = storage.appendTo(path('a'), flushTag)
    expect(await syncsOf(() => again.sync())).toEqual(['fdatasync a'])
    again.close()
  })

  onLinux('a failed sync is reported', async () => {
    const { storage, folder, path } = fixture()
    const file = storage.create(path('a'), flushTag)
    replaced('fdatasyncSync', () => failing('EIO', 'fdatasync'))
    replaced('fsyncSync', () => failing('EIO', 'fsync'))
    replaced('fdatasync', () => (_: number, done: fs.NoParamCallback) => {
      done(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fdatasync' }))
    })
    expect(failureOf(() => file.sync())).toBe('LSM_IO EIO')
    expect(failureOf(() => storage.syncFolder(folder))).toBe('LSM_IO EIO')
    expect(failureOf(() => storage.truncate(path('a'), 0))).toBe('LSM_IO EIO')
    expect(failureOf(() => storage.makeFolder(path('x')))).toBe('LSM_IO EIO')
    await expect(file.syncAsync()).rejects.toMatchObject({ code: 'LSM_IO' })
    file.close()
  })

  test.skipIf(!tracesCalls())('as strace sees it', () => {
    const { path, folder } = fixture()
    const child = fileURLToPath(new URL('testing/node-storage.child.ts', import.meta.url))
    const work = path('work')
    fs.mkdirSync(work)
    const trace = ['-f', '-y', '-qq', '-e', 'trace=fsync,fdatasync', '-o', path('trace')]
    execFileSync('strace', [...trace, process.execPath, child, work])
    const calls = fs.readFileSync(path('trace'), 'utf8')
    const count = (call: string, name: string) =>
      calls
        .split(`${call}(`)
        .slice(1)
        .filter((rest) => rest.includes(`<${work}${name}>`)).length
    for (let number = 0; number < 20; number++) {
      expect(count('fdatasync', `/${number}.log`), `${number}.log`).toBeGreaterThanOrEqual(5)
      expect(count('fdatasync', `/${number}.sst`), `${number}.sst`).toBeGreaterThanOrEqual(2)
    }
    expect(count('fsync', '')).toBe(20)
    expect(folder).toBe(fs.realpathSync(folder))
  })
})

describe('a call that fails', () => {
  /** After every step, the ledger's balance must equal the folder's size, whatever call fails. */
  const steps = [
    'statSync',
    'fstatSync',
    'linkSync',
    'renameSync',
    'unlinkSync',
    'ftruncateSync',
    'fdatasyncSync',
    'openSync',
    'readSync',
  ] as const

  test.each(steps)('leaves the ledger balanced and no descriptor: %s', (name) => {
    const { storage, ledger, folder, path } = fixture()
    for (let failAt = 1; failAt <= 4; failAt++) {
      for (const file of ['a', 'b', 'c'])
        writeFile(storage, path(`${file}${failAt}`), `${TEXT}${file}`)
      const [a, b, c] = ['a', 'b', 'c'].map((file) => path(`${file}${failAt}`)) as [
        string,
        string,
        string,
      ]
      const before = openIn(folder)
      let calls = 0
      const restore = replaced(name, (original) => (...args: unknown[]) => {
        if (++calls === failAt) failing('EIO', name)()
        return (original as (...args: unknown[]) => unknown)(...args)
      })
      const actions = [
        () => storage.truncate(a, 7),
        () => storage.link(a, `${a}.linked`),
        () => storage.rename(b, c),
        () => storage.rename(a, `${a}.renamed`),
        () => storage.appendTo(c, flushTag).close(),
        () => storage.open(c, getTag).close(),
        () => void storage.readAll(c, getTag),
        () => storage.remove(c),
      ]
      for (const action of actions) {
        try {
          action()
        } catch (error) {
          if (!isLsmError(error)) throw error
        }
      }
      restore()
      expect(liveBytes(ledger.balance()), `${name} ${failAt}`).toBe(folderBytes(storage, folder))
      expect(openIn(folder), `${name} ${failAt}`).toEqual(before)
    }
  })

  onLinux(
    'still under way when its file is closed keeps the descriptor open until it ends',
    async () => {
      const { storage, folder, path } = fixture()
      writeFile(storage, path('a'), TEXT)
      const written = storage.create(path('b'), flushTag)
      written.append(bytesOf(TEXT), 'data')
      const syncs = [written.syncAsync(), written.syncAsync()]
      const file = storage.open(path('a'), getTag)
      const targets = [0, 10].map((offset) => ({ offset, target: new Uint8Array(20) }))
      const reads = targets.map(({ offset, target }) => file.readAsync(target, 20, offset, 'data'))
      written.close()
      file.close()
      expect(openIn(folder)).toEqual([path('a'), path('b')])
      await Promise.all([...syncs, ...reads])
      expect(openIn(folder)).toEqual([])
      for (const { offset, target } of targets) {
        expect(target).toEqual(bytesOf(TEXT.slice(offset, offset + 20)))
      }
    },
  )
})

/**
 * Files of the folder that this process has open, sorted. Empty where the system does not report
 * them.
 */
function openIn(folder: string): readonly string[] {
  if (process.platform !== 'linux') return []
  return fs
    .readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return '' // the descriptor of the listing itself
      }
    })
    .filter((target) => target.startsWith(folder))
    .sort()
}

/** Whether strace is installed and allowed to trace. */
function tracesCalls(): boolean {
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
