/**
 * Owns the Storage over `node:fs`: synchronous system calls, since a `pread` from the page cache
 * costs 1.4 µs and an asynchronous one 65 µs. Invariant: every `read` and `write` system call that
 * moved bytes is one call in the ledger with exactly those bytes, even if a later call of the same
 * append fails. So the ledger agrees with /proc/self/io to the byte. Only a direct read counts less
 * than the system does: what it was asked for, not the whole blocks it reads.
 *
 * A handle remembers nothing about files: sizes are asked of the system when they are needed. So
 * the handles of several threads over one folder agree as soon as they share the ledger.
 */

import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { checkOptions, checkWhole } from '../base/arguments.ts'
import { assert } from '../base/assert.ts'
import { corruption, LsmError } from '../base/errors.ts'
import {
  bufferedReads,
  checkDirectReads,
  directFlag,
  directReads,
  type FileReads,
} from './direct-reads.ts'
import { isLockFile, lockFileOf, lockFolder } from './folder-lock.ts'
import { errnoOf, type StorageOperation, translated } from './io-error.ts'
import { checkLedger, Ledger, type Section } from './ledger.ts'
import { openFileLimit } from './open-file-limit.ts'
import type {
  DirectFiles,
  FileTag,
  FolderLock,
  ListedKind,
  LockPurpose,
  ReadableFile,
  SharedStorage,
  Storage,
  WritableFile,
} from './storage.ts'

const SHARED: readonly (keyof SharedStorage)[] = ['ledger', 'threads']

/** The storage of real files, through `node:fs`. */
export class NodeStorage implements Storage {
  readonly direct: DirectFiles = {
    check: (folder) => attempt('open', folder, () => checkDirectReads(folder, lockFileOf(folder))),
    open: (path, tag) => this.#open(path, constants.O_RDONLY | directFlag!, directReads, tag),
  }
  readonly #ledger: Ledger
  /** How many threads divide the limit on open files. */
  #threads = 1

  constructor(ledger = new Ledger()) {
    checkLedger(ledger)
    this.#ledger = ledger
  }

  /** The storage that another thread shared. `LSM_INVALID_ARGUMENT` for anything else. */
  static over(shared: SharedStorage): NodeStorage {
    const { ledger, threads } = checkOptions(shared, SHARED, 'NodeStorage.over')
    checkWhole(threads, 'threads', 1)
    const storage = new NodeStorage(Ledger.over(ledger))
    storage.#threads = threads
    return storage
  }

  share(threads: number): SharedStorage {
    checkWhole(threads, 'threads', 1)
    return { ledger: this.#ledger.share(), threads: this.#threads * threads }
  }

  get openFilesMax(): number {
    return Math.floor(openFileLimit() / this.#threads)
  }

  resolve(folder: string): string {
    return resolve(folder)
  }

  create(path: string, tag: FileTag): WritableFile {
    // 'a' opens with O_APPEND, so that every write lands at the end; 'x' refuses an existing file.
    const fd = attempt('create', path, () => openSync(path, 'ax'))
    return new NodeWritableFile(path, fd, this.#ledger, tag)
  }

  appendTo(path: string, tag: FileTag): WritableFile {
    const { O_WRONLY, O_APPEND } = constants
    const { fd, size } = attempt('open', path, () => openSized(path, O_WRONLY | O_APPEND))
    return new NodeWritableFile(path, fd, this.#ledger, tag, size)
  }

  open(path: string, tag: FileTag): ReadableFile {
    return this.#open(path, constants.O_RDONLY, bufferedReads, tag)
  }

  readAll(path: string, tag: FileTag): Uint8Array {
    const file = this.open(path, tag)
    try {
      const bytes = new Uint8Array(file.bytes)
      file.read(bytes, bytes.length, 0, 'meta')
      return bytes
    } finally {
      file.close()
    }
  }

  list(folder: string, what: ListedKind = 'files'): readonly string[] {
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() === (what === 'folders') && !isLockFile(entry.name))
        .map((entry) => entry.name)
        .sort()
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw translated('list', folder, error)
    }
  }

  size(path: string): number {
    return attempt('size', path, () => statSync(path)).size
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => this.#rename(from, to), to)
  }

  link(from: string, to: string): void {
    const { size } = attempt('link', from, () => statSync(from), to)
    attempt('link', from, () => linkSync(from, to), to)
    this.#ledger.countLinked(size)
  }

  truncate(path: string, bytes: number): void {
    attempt('truncate', path, () => this.#truncate(path, bytes))
  }

  remove(path: string): void {
    const { size } = attempt('remove', path, () => statSync(path))
    attempt('remove', path, () => unlinkSync(path))
    this.#ledger.countRemoved(size)
  }

  makeFolder(folder: string): void {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
    const parent = dirname(folder)
    if (parent !== folder) this.makeFolder(parent)
    attempt('makeFolder', folder, () => makeOneFolder(folder))
    this.syncFolder(parent)
  }

  syncFolder(folder: string): void {
    // Windows cannot open a folder as a file; NTFS journals names by itself.
    if (process.platform === 'win32') return
    attempt('syncFolder', folder, () => withFile(folder, 'r', fsyncSync))
  }

  lock(folder: string, purpose: LockPurpose = 'write'): FolderLock {
    return lockFolder(folder, purpose)
  }

  #open(path: string, flags: number, reads: FileReads, tag: FileTag): ReadableFile {
    const { fd, size } = attempt('open', path, () => openSized(path, flags))
    return new NodeReadableFile(path, size, { fd, reads, reading: 0 }, this.#ledger, tag)
  }

  #rename(from: string, to: string): void {
    const replaced: Stats | undefined = statSync(to, { throwIfNoEntry: false })
    const moved = statSync(from)
    renameSync(from, to)
    if (replaced === undefined) return
    // Both names refer to the same file: the system call succeeds and keeps both.
    if (replaced.ino === moved.ino && replaced.dev === moved.dev) return
    this.#ledger.countRemoved(replaced.size)
  }

  #truncate(path: string, bytes: number): void {
    withFile(path, 'r+', (fd) => {
      const { size } = fstatSync(fd)
      assert(bytes <= size, 'truncation never lengthens a file')
      ftruncateSync(fd, bytes)
      this.#ledger.countTruncated(size - bytes)
      fdatasyncSync(fd)
    })
  }
}

class NodeWritableFile implements WritableFile {
  readonly path: string
  readonly #fd: number
  readonly #ledger: Ledger
  readonly #account: number
  #bytes: number
  #syncsInFlight = 0
  #closed = false

  constructor(path: string, fd: number, ledger: Ledger, tag: FileTag, bytes = 0) {
    this.path = path
    this.#bytes = bytes
    this.#fd = fd
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array, section: Section): void {
    assert(!this.#closed, 'append to a closed file')
    let done = 0
    try {
      while (done < bytes.length) {
        const count = writeSync(this.#fd, bytes, done, bytes.length - done)
        this.#ledger.countWrite(this.#account, section, count)
        this.#bytes += count
        done += count
      }
    } catch (error) {
      throw translated('append', this.path, error)
    }
  }

  sync(): void {
    assert(!this.#closed, 'sync of a closed file')
    attempt('sync', this.path, () => fdatasyncSync(this.#fd))
  }

  syncAsync(): Promise<void> {
    assert(!this.#closed, 'sync of a closed file')
    this.#syncsInFlight++
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        this.#syncsInFlight--
        if (this.#closed && this.#syncsInFlight === 0) closeSync(this.#fd)
        if (error === null) resolve()
        else reject(translated('sync', this.path, error))
      })
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    // The thread pool still uses the descriptor; if it closed now, another file could get its
    // number.
    if (this.#syncsInFlight === 0) closeSync(this.#fd)
  }
}

/** An open file, shared by the handles that `tagged` made of each other; −1 once closed. */
interface Descriptor {
  fd: number
  readonly reads: FileReads
  /** Asynchronous reads under way. The descriptor is closed after the last one. */
  reading: number
}

class NodeReadableFile implements ReadableFile {
  readonly path: string
  readonly bytes: number
  readonly #descriptor: Descriptor
  readonly #ledger: Ledger
  readonly #account: number

  constructor(path: string, bytes: number, descriptor: Descriptor, ledger: Ledger, tag: FileTag) {
    this.path = path
    this.bytes = bytes
    this.#descriptor = descriptor
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    assert(this.#descriptor.fd >= 0, 'read from a closed file')
    let done = 0
    while (done < length) {
      const count = this.#readOnce(target, done, length - done, offset + done)
      if (count === 0) throw this.#tooShort(offset, length, done)
      this.#ledger.countRead(this.#account, section, count)
      done += count
    }
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    const descriptor = this.#descriptor
    const { fd, reads } = descriptor
    assert(fd >= 0, 'read from a closed file')
    descriptor.reading++
    try {
      let done = 0
      while (done < length) {
        const count = await reads.readAsync(fd, target, done, length - done, offset + done)
        if (count === 0) throw this.#tooShort(offset, length, done)
        this.#ledger.countRead(this.#account, section, count)
        done += count
      }
    } catch (error) {
      throw translated('read', this.path, error)
    } finally {
      descriptor.reading--
      if (descriptor.fd < 0 && descriptor.reading === 0) closeSync(fd)
    }
  }

  #readOnce(target: Uint8Array, start: number, length: number, offset: number): number {
    const { fd, reads } = this.#descriptor
    try {
      return reads.read(fd, target, start, length, offset)
    } catch (error) {
      throw translated('read', this.path, error)
    }
  }

  tagged(tag: FileTag): ReadableFile {
    return new NodeReadableFile(this.path, this.bytes, this.#descriptor, this.#ledger, tag)
  }

  close(): void {
    const { fd } = this.#descriptor
    if (fd < 0) return
    this.#descriptor.fd = -1
    // The thread pool still uses the descriptor; if it closed now, another file could get its
    // number.
    if (this.#descriptor.reading === 0) closeSync(fd)
  }

  #tooShort(offset: number, expected: number, actual: number): LsmError {
    const where = { path: this.path, offset, expected, actual }
    return corruption(`${expected} bytes wanted, ${actual} there`, where)
  }
}

function attempt<Result>(
  operation: StorageOperation,
  path: string,
  action: () => Result,
  to?: string,
): Result {
  try {
    return action()
  } catch (error) {
    throw translated(operation, path, error, to)
  }
}

/**
 * Opens a file and reads its size. Of anything that is not a plain file the descriptor is closed
 * again. The flag only keeps a named pipe from waiting for its writer.
 */
function openSized(path: string, flags: number): { readonly fd: number; readonly size: number } {
  const fd = openSync(path, flags | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw notAFile(path)
    return { fd, size: stats.size }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function notAFile(path: string): LsmError {
  const data = { path, operation: 'open' }
  return new LsmError('LSM_IO', `cannot open ${path}: it is not a plain file`, { data })
}

/**
 * Accepts that another process makes the same folder at the same moment. `recursive` is not used:
 * where the system calls an existing parent missing, as under /proc, Node never returns from it.
 */
function makeOneFolder(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
    if (errnoOf(error) !== 'EEXIST' || !isThere) throw error
  }
}

function withFile(path: string, flags: 'r' | 'r+', action: (fd: number) => void): void {
  const fd = openSync(path, flags)
  try {
    action(fd)
  } finally {
    closeSync(fd)
  }
}
