import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { alignedScratch, DIRECT_BLOCK_BYTES } from './direct-reads.ts'
import { EncryptedStorage } from './encryption/encrypted-storage.ts'
import { EncryptionKey } from './encryption/encryption-key.ts'
import { Ledger, sumCells } from './ledger.ts'
import { NodeStorage } from './node-storage.ts'
import type { Storage } from './storage.ts'
import { hasDirectReads } from './testing/has-direct-reads.ts'
import { flushTag, getTag } from './testing/storage-cases.ts'

const onLinux = test.skipIf(process.platform !== 'linux')
/** Skipped only where the temporary folder's file system has no direct reads. */
const direct = test.skipIf(!hasDirectReads())

/** More than a scratch buffer holds, and no multiple of a block. */
const FILE_BYTES = 600_007
const content = randomFillSync(new Uint8Array(FILE_BYTES))

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'varve-direct-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

function opened(storage: Storage, bytes = content) {
  const path = join(folder(), 'a')
  const written = storage.create(path, flushTag)
  for (let start = 0; start < bytes.length; start += 100_000) {
    written.append(bytes.subarray(start, start + 100_000), 'data')
  }
  written.sync()
  written.close()
  const file = storage.direct!.open(path, getTag)
  onTestFinished(() => file.close())
  return { file, path }
}

const ranges = fc
  .record({
    offset: fc.oneof(
      fc.nat(FILE_BYTES - 1),
      fc.nat(140).map((block) => block * DIRECT_BLOCK_BYTES),
      fc.nat(5000).map((back) => FILE_BYTES - 1 - back),
    ),
    length: fc.oneof(fc.nat(10), fc.nat(9000), fc.nat(FILE_BYTES)),
  })
  .map(({ offset, length }) => ({ offset, length: Math.min(length, FILE_BYTES - offset) }))

onLinux('a scratch buffer starts at the first byte of a page of memory', () => {
  const scratch = alignedScratch()
  randomFillSync(scratch, 0, 64)
  const memory = openSync('/proc/self/mem', 'r')
  onTestFinished(() => closeSync(memory))
  expect(startsOfPages([scratch, scratch.subarray(16)], memory)).toEqual([true, false])
})

direct.each(['plain', 'encrypted'])('reads the same bytes as through the cache: %s', (kind) => {
  const ledger = new Ledger()
  const files = new NodeStorage(ledger)
  const isPlain = kind === 'plain'
  const { file } = opened(isPlain ? files : new EncryptedStorage(files, EncryptionKey.random()))
  const target = new Uint8Array(FILE_BYTES + 20)
  fc.assert(
    fc.property(ranges, ({ offset, length }) => {
      target.fill(7)
      const before = sumCells(ledger.cells(), { direction: 'read' }).bytes
      file.read(target, length, offset, 'data')
      const expected = content.subarray(offset, offset + length)
      expect(Buffer.compare(target.subarray(0, length), expected)).toBe(0)
      expect(target.subarray(length, length + 20)).toEqual(new Uint8Array(20).fill(7))
      const counted = sumCells(ledger.cells(), { direction: 'read' }).bytes - before
      if (isPlain) expect(counted).toBe(length)
    }),
    { numRuns: isPlain ? 200 : 30 },
  )
})

direct('reads at once, of both kinds, do not mix their bytes', async () => {
  const { file } = opened(new NodeStorage())
  const random = createRandom(5)
  const reads = Array.from({ length: 200 }, () => {
    const offset = random.nextBelow(FILE_BYTES)
    const length = random.nextBelow(Math.min(FILE_BYTES - offset, 300_000))
    return { offset, length, target: new Uint8Array(length) }
  })
  const now = new Uint8Array(5000)
  const pending = reads.map(async ({ offset, length, target }, index) => {
    const done = file.readAsync(target, length, offset, 'data')
    file.read(now, now.length, index * 1000, 'data')
    expect(Buffer.compare(now, content.subarray(index * 1000, index * 1000 + 5000))).toBe(0)
    await done
    expect(Buffer.compare(target, content.subarray(offset, offset + length))).toBe(0)
  })
  await Promise.all(pending)
})

direct('a read past the end says how many bytes were there', async () => {
  const { file, path } = opened(new NodeStorage(), content.subarray(0, 10_000))
  const target = new Uint8Array(20)
  const error = (offset: number, actual: number) =>
    expect.objectContaining({
      code: 'LSM_CORRUPTION',
      data: { path, offset, expected: 20, actual },
    })
  for (const [offset, actual] of [
    [9_990, 10],
    [10_000, 0],
    [12_288, 0],
    [50_000, 0],
  ] as const) {
    expect(() => file.read(target, 20, offset, 'data')).toThrow(error(offset, actual))
    await expect(file.readAsync(target, 20, offset, 'data')).rejects.toEqual(error(offset, actual))
  }
  file.read(target, 20, 9_980, 'data')
  expect(target).toEqual(content.slice(9_980, 10_000))
  const empty = opened(new NodeStorage(), new Uint8Array(0))
  expect(empty.file.bytes).toBe(0)
  empty.file.read(target, 0, 0, 'data')
  expect(() => empty.file.read(target, 20, 0, 'data')).toThrow('20 bytes wanted, 0 there')
})

direct('bytes appended after the open are read, also unsynced ones', () => {
  const storage = new NodeStorage()
  const { file, path } = opened(storage, content.subarray(0, 1000))
  const more = storage.appendTo(path, flushTag)
  onTestFinished(() => more.close())
  const target = new Uint8Array(9000)
  for (let bytes = 1000; bytes < 30_000; bytes += 777) {
    more.append(content.subarray(bytes, bytes + 777), 'data')
    const length = Math.min(bytes + 777, 9000)
    file.read(target, length, bytes + 777 - length, 'data')
    expect(target.slice(0, length)).toEqual(content.slice(bytes + 777 - length, bytes + 777))
  }
})

test.skipIf(!hasDirectReads() || !canWatchCache())(
  'the page cache keeps nothing of what was read',
  () => {
    const { file, path } = opened(new NodeStorage())
    const cachedBytes = () =>
      Number(execFileSync('fincore', ['--bytes', '--noheadings', '--output=RES', path]).toString())
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
    expect(cachedBytes()).toBe(0)
    file.read(new Uint8Array(FILE_BYTES), FILE_BYTES, 0, 'data')
    expect(cachedBytes()).toBe(0)
    readFileSync(path)
    expect(cachedBytes(), 'as the other reads do').toBeGreaterThan(FILE_BYTES)
  },
)

onLinux('a file system without direct reads is refused in one line', () => {
  const here = folder()
  // The system opens no file of /proc for direct reads.
  symlinkSync('/proc/version', join(here, 'LOCK'))
  expect(() => new NodeStorage().direct.check(here)).toThrow(
    expect.objectContaining({
      code: 'LSM_INVALID_ARGUMENT',
      message:
        `engine option directReads: the file system of ${here} refuses O_DIRECT; leave the ` +
        'option out, or use a folder on ext4, xfs or btrfs',
      data: { option: 'directReads' },
    }),
  )
})

direct('the check passes in a folder that is locked', () => {
  const storage = new NodeStorage()
  const here = folder()
  const lock = storage.lock(here)
  onTestFinished(() => lock.release())
  storage.direct.check(here)
})

/** Which of `arrays` have their first 48 bytes at the start of a page of writable memory. */
function startsOfPages(arrays: readonly Uint8Array[], memory: number): boolean[] {
  const wanted = arrays.map((array) => array.subarray(0, 48))
  const isFound = arrays.map(() => false)
  const pages = Buffer.alloc(1024 * 1024)
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    if (from === undefined) continue
    const end = Number.parseInt(to!, 16)
    for (let start = Number.parseInt(from, 16); start < end; start += pages.length) {
      const bytes = readSync(memory, pages, 0, Math.min(pages.length, end - start), start)
      for (let page = 0; page < bytes; page += 4096) {
        wanted.forEach((starts, index) => {
          if (starts.every((byte, at) => pages[page + at] === byte)) isFound[index] = true
        })
      }
    }
  }
  return isFound
}

/** Whether the tools are there that show and drop what the page cache holds of a file. */
function canWatchCache(): boolean {
  try {
    for (const tool of ['fincore', 'dd']) execFileSync(tool, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
