/**
 * Owns encryption at rest: a Storage over another one, whose files hold AES-256-GCM frames
 * (`frame-format.ts`). The engine above sees offsets and sizes as if nothing were encrypted.
 *
 * Invariants: no byte of a file's content reaches the storage below in clear, and no nonce is used
 * twice under one key. Names, sizes and times of files stay visible, and so does the lock.
 *
 * Two ledgers count: the one of the storage below counts the bytes that move, `ledger` the bytes
 * that the engine asked to move. Each conserves its bytes; the difference is the cost of frames.
 *
 * Errors beside those of `Storage`: `LSM_WRONG_KEY` for a file of another key, and `LSM_CORRUPTION`
 * with path and offset for one that is damaged.
 */

import { randomBytes } from 'node:crypto'
import { checkObject, show } from '../../base/arguments.ts'
import { assert } from '../../base/assert.ts'
import { invalidArgument, isLsmError } from '../../base/errors.ts'
import { checkLedger, Ledger } from '../ledger.ts'
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
} from '../storage.ts'
import { EncryptedReadableFile, EncryptedWritableFile, sessionFrame } from './encrypted-files.ts'
import { EncryptionKey, SALT_BYTES, type SharedEncryption } from './encryption-key.ts'
import { FrameReader } from './frame-reader.ts'
import type { FoundFrames } from './frame-scan.ts'

/** Reads of where frames lie. */
const OPEN_TAG: FileTag = { cause: 'open', level: -1 }

/** `storage` with every file encrypted under `key`. */
export class EncryptedStorage implements Storage {
  /** Counts the bytes before encryption. */
  readonly ledger: Ledger
  /** Present where the storage below has it. */
  readonly direct?: DirectFiles
  /** Present where the storage below can be shared. */
  readonly share?: (threads: number) => SharedStorage
  readonly #inner: Storage
  readonly #key: EncryptionKey
  /** Files that this handle has open for writing. */
  readonly #writers = new Map<string, EncryptedWritableFile>()

  constructor(storage: Storage, key: EncryptionKey, ledger = new Ledger()) {
    checkLedger(ledger)
    checkObject(storage, 'storage', ['create', 'open', 'list', 'size'])
    if (!(key instanceof EncryptionKey)) throw invalidArgument(`not an EncryptionKey: ${show(key)}`)
    this.#inner = storage
    this.#key = key
    this.ledger = ledger
    const { direct } = storage
    if (direct !== undefined) {
      this.direct = {
        check: (folder) => direct.check(folder),
        open: (path, tag) => this.#reader(direct.open(path, tag), tag),
      }
    }
    if (storage.share !== undefined) {
      this.share = (threads) => ({
        ...storage.share!(threads),
        encryption: { key: key.share(), ledger: ledger.share() },
      })
    }
  }

  /** The storage that another thread shared, over the same storage below. */
  static over(storage: Storage, { key, ledger }: SharedEncryption): EncryptedStorage {
    return new EncryptedStorage(storage, EncryptionKey.over(key), Ledger.over(ledger))
  }

  get key(): EncryptionKey {
    return this.#key
  }

  get openFilesMax(): number {
    return this.#inner.openFilesMax
  }

  resolve(folder: string): string {
    return this.#inner.resolve(folder)
  }

  create(path: string, tag: FileTag): WritableFile {
    return this.#writer(this.#inner.create(path, tag), tag, true)
  }

  appendTo(path: string, tag: FileTag): WritableFile {
    return this.#writer(this.#inner.appendTo(path, tag), tag, false)
  }

  open(path: string, tag: FileTag): ReadableFile {
    return this.#reader(this.#inner.open(path, tag), tag)
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

  list(folder: string, what?: ListedKind): readonly string[] {
    return this.#inner.list(folder, what)
  }

  size(path: string): number {
    return this.#writers.get(path)?.bytes ?? this.#frames(path)?.list.bytes ?? 0
  }

  rename(from: string, to: string): void {
    const replacedBytes = this.#sizeIfThere(to)
    this.#inner.rename(from, to)
    // Two names of one file: both are still there.
    if (replacedBytes !== null && this.#isThere(from)) return
    this.#writers.get(to)?.abandon()
    this.#writers.delete(to)
    if (replacedBytes !== null) this.ledger.countRemoved(replacedBytes)
    const writer = this.#writers.get(from)
    if (writer === undefined) return
    this.#writers.delete(from)
    this.#writers.set(to, writer)
    writer.path = to
  }

  link(from: string, to: string): void {
    const bytes = this.#sizeIfThere(from) ?? 0
    if (!this.#isThere(to)) this.#writers.get(from)?.finish()
    this.#inner.link(from, to)
    this.ledger.countLinked(bytes)
  }

  truncate(path: string, bytes: number): void {
    // A missing file is reported by the storage below.
    const list = this.#isThere(path) ? (this.#frames(path)?.list ?? null) : null
    const before = list?.bytes ?? 0
    assert(bytes <= before, 'truncation never lengthens a file')
    if (list === null || bytes === 0) {
      this.#inner.truncate(path, 0)
    } else {
      const index = list.indexOf(bytes - 1)
      const frame = list.frame(index)!
      // Session frames up to the next data frame may have shortened this one.
      const end = list.frame(index + 1)?.physicalStart ?? list.physicalEnd
      this.#inner.truncate(path, end)
      if (frame.start + frame.bytes > bytes) this.#keep(path, bytes)
    }
    this.#writers.get(path)?.truncated()
    this.ledger.countTruncated(before - bytes)
  }

  remove(path: string): void {
    const bytes = this.#sizeIfThere(path) ?? 0
    this.#inner.remove(path)
    this.ledger.countRemoved(bytes)
    this.#writers.get(path)?.abandon()
    this.#writers.delete(path)
  }

  makeFolder(folder: string): void {
    this.#inner.makeFolder(folder)
  }

  syncFolder(folder: string): void {
    this.#inner.syncFolder(folder)
  }

  lock(folder: string, purpose?: LockPurpose): FolderLock {
    return this.#inner.lock(folder, purpose)
  }

  /** Takes ownership of `file`. */
  #reader(file: ReadableFile, tag: FileTag): ReadableFile {
    try {
      const frames = new FrameReader(file, this.#key)
      return new EncryptedReadableFile(file, frames, this.ledger, tag, frames.bytes)
    } catch (error) {
      file.close()
      throw error
    }
  }

  #writer(file: WritableFile, tag: FileTag, isNew: boolean): WritableFile {
    const host = {
      key: this.#key,
      ledger: this.ledger,
      frames: (path: string) => this.#frames(path),
      cut: (path: string, bytes: number) => {
        if (this.#inner.size(path) > bytes) this.#inner.truncate(path, bytes)
      },
      closed: (closed: EncryptedWritableFile) => {
        if (this.#writers.get(closed.path) === closed) this.#writers.delete(closed.path)
      },
    }
    const writer = new EncryptedWritableFile(file, host, tag, isNew)
    // A second handle only syncs.
    if (!this.#writers.has(file.path)) this.#writers.set(file.path, writer)
    return writer
  }

  /** Ends the file's last frame at the logical offset `bytes`, durably. */
  #keep(path: string, bytes: number): void {
    const { list, synced } = this.#frames(path)!
    const salt = randomBytes(SALT_BYTES)
    const frame = sessionFrame(list, salt, this.#key.fileKey(salt), bytes, synced)
    const file = this.#inner.appendTo(path, { cause: 'recovery', level: -1 })
    try {
      file.append(frame, 'meta')
      file.sync()
    } finally {
      file.close()
    }
  }

  #frames(path: string): FoundFrames | null {
    const file = this.#inner.open(path, OPEN_TAG)
    try {
      return new FrameReader(file, this.#key).found
    } finally {
      file.close()
    }
  }

  /** Null if there is no such file. One that cannot be read may still be removed: it counts 0. */
  #sizeIfThere(path: string): number | null {
    try {
      return this.size(path)
    } catch (error) {
      if (isLsmError(error, 'LSM_NOT_FOUND')) return null
      if (isLsmError(error, 'LSM_CORRUPTION') || isLsmError(error, 'LSM_WRONG_KEY')) return 0
      throw error
    }
  }

  #isThere(path: string): boolean {
    try {
      this.#inner.size(path)
      return true
    } catch (error) {
      if (isLsmError(error, 'LSM_NOT_FOUND')) return false
      throw error
    }
  }
}
