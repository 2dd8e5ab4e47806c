/**
 * Owns the descriptors of files that are read repeatedly (tables, segments). At most `max` of them
 * are open at once, as with LevelDB's and RocksDB's `max_open_files`. A file that was closed to
 * make room is opened again at its next read. Readers do not notice this, and it moves no bytes.
 *
 * Eviction is CLOCK, as in the block cache: a read marks its file; the hand clears marks and closes
 * the first file without a mark.
 *
 * Invariants: a file is never closed during an asynchronous read of it. At most half of `max` such
 * reads are under way, so there is always a file that may be closed. A path names the same content
 * until the owner closes the file.
 */

import { assert } from '../base/assert.ts'
import { LsmError } from '../base/errors.ts'
import type { Section } from './ledger.ts'
import type { FileTag, ReadableFile, Storage } from './storage.ts'

/** LevelDB's `max_open_files`. */
export const OPEN_FILES_DEFAULT = 1000
/** A limit below this is raised to it. */
const OPEN_FILES_MIN = 8
/** Share of the process's limit. The rest is for logs, outputs, other databases and the program. */
const PROCESS_SHARE = 1 / 4

/** What is asked of the storage. */
type OpenedStorage = Pick<Storage, 'openFilesMax' | 'open'>

/** How tables and segments are opened. `directReads` only where the storage has them. */
export function openedBy(storage: Storage, directReads = false): OpenedStorage {
  const { direct, openFilesMax } = storage
  if (!directReads) return storage
  assert(direct !== undefined, 'the storage has direct reads')
  return { openFilesMax, open: (path, tag) => direct.open(path, tag) }
}

export class OpenFiles {
  readonly max: number
  readonly #storage: OpenedStorage
  /** The files that hold a descriptor, in no particular order; each knows its index here. */
  readonly #open: SharedFile[] = []
  #hand = 0
  #reading = 0
  /** Asynchronous reads that wait for their turn. */
  readonly #waiting: (() => void)[] = []

  /**
   * `wanted` is the limit on open files. It is lowered to a quarter of what the process may open.
   */
  constructor(storage: OpenedStorage, wanted = OPEN_FILES_DEFAULT) {
    this.#storage = storage
    const share = Math.floor(storage.openFilesMax * PROCESS_SHARE)
    this.max = Math.max(Math.min(wanted, share), OPEN_FILES_MIN)
  }

  /** Number of files that hold a descriptor now. */
  get count(): number {
    return this.#open.length
  }

  /**
   * Opens a file as `Storage.open` does. The caller closes it; the file's content must not change.
   */
  open(path: string, tag: FileTag): ReadableFile {
    const shared = new SharedFile(path, tag)
    return new PooledFile(this, shared, tag, this.opened(shared).bytes)
  }

  /**
   * The file with an open descriptor. Only handles made by `open` call this and the two methods
   * below.
   */
  opened(shared: SharedFile): ReadableFile {
    shared.isMarked = true
    if (shared.file !== null) return shared.file
    if (shared.isClosed) {
      throw new LsmError('LSM_CLOSED', `${shared.path} was closed`, { data: { path: shared.path } })
    }
    if (this.#open.length >= this.max) this.#evictOne()
    const file = this.#storage.open(shared.path, shared.tag)
    shared.file = file
    shared.openings++
    shared.index = this.#open.length
    this.#open.push(shared)
    return file
  }

  /** Runs `read` when its turn comes, and keeps the file open until it ends. */
  async whileReading(shared: SharedFile, read: () => Promise<void>): Promise<void> {
    while (this.#reading >= this.max >>> 1) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#reading++
    shared.reading++
    try {
      await read()
    } finally {
      shared.reading--
      this.#reading--
      if (shared.isClosed && shared.reading === 0) this.#release(shared)
      this.#waiting.shift()?.()
    }
  }

  /** Idempotent. A file that is being read keeps its descriptor until the last read ends. */
  close(shared: SharedFile): void {
    shared.isClosed = true
    if (shared.reading === 0) this.#release(shared)
  }

  #evictOne(): void {
    for (;;) {
      this.#hand = this.#hand < this.#open.length ? this.#hand : 0
      const shared = this.#open[this.#hand]!
      if (shared.reading === 0 && !shared.isMarked) {
        this.#release(shared)
        return
      }
      shared.isMarked = false
      this.#hand++
    }
  }

  /**
   * Closes the descriptor, if there is one. The last file in the list moves to this file's index.
   */
  #release(shared: SharedFile): void {
    const { file } = shared
    if (file === null) return
    const last = this.#open.pop()!
    if (last !== shared) {
      this.#open[shared.index] = last
      last.index = shared.index
    }
    shared.file = null
    file.close()
  }
}

/**
 * A file and its descriptor, if it has one; shared by the handles that `tagged` made of each other.
 */
class SharedFile {
  readonly path: string
  /** The account that the file is opened on. */
  readonly tag: FileTag
  file: ReadableFile | null = null
  /**
   * How often the file was opened. A handle compares it to learn that its descriptor is outdated.
   */
  openings = 0
  /** Index in the list of open files. */
  index = 0
  /** Read since the hand last passed. */
  isMarked = false
  /** Number of asynchronous reads under way. */
  reading = 0
  /** Closed by its owner for good. */
  isClosed = false

  constructor(path: string, tag: FileTag) {
    this.path = path
    this.tag = tag
  }
}

class PooledFile implements ReadableFile {
  readonly bytes: number
  readonly #files: OpenFiles
  readonly #shared: SharedFile
  readonly #tag: FileTag
  /** The descriptor's handle on this account, valid for opening number `#opening`. */
  #file: ReadableFile | null = null
  #opening = 0

  constructor(files: OpenFiles, shared: SharedFile, tag: FileTag, bytes: number) {
    this.bytes = bytes
    this.#files = files
    this.#shared = shared
    this.#tag = tag
  }

  get path(): string {
    return this.#shared.path
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    assert(!this.#shared.isClosed, 'read from a closed file')
    this.#opened().read(target, length, offset, section)
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    assert(!this.#shared.isClosed, 'read from a closed file')
    await this.#files.whileReading(this.#shared, () =>
      this.#opened().readAsync(target, length, offset, section),
    )
  }

  tagged(tag: FileTag): ReadableFile {
    return new PooledFile(this.#files, this.#shared, tag, this.bytes)
  }

  close(): void {
    this.#files.close(this.#shared)
  }

  #opened(): ReadableFile {
    const shared = this.#shared
    const opened = this.#files.opened(shared)
    if (this.#file === null || this.#opening !== shared.openings) {
      this.#file = opened.tagged(this.#tag)
      this.#opening = shared.openings
    }
    return this.#file
  }
}
