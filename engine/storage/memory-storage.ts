/**
 * Owns the Storage in memory: deterministic, no I/O, with a power loss that can be had at any moment.
 * A file (inode) is apart from its names, as on a real disk: renaming and linking keep it, a removed
 * one lives on for its readers. Two truths are kept: what the running system sees, and what the
 * device is bound to find again, which is each file's synced bytes under the names whose folder was
 * synced. `powerLoss` builds what lies between the two, by the rules of power-loss.ts.
 *
 * Invariant: the durable names plus the unsynced changes in order are the visible names.
 */

import { assert } from '../base/assert.ts'
import { corruption, LsmError } from '../base/errors.ts'
import { ioError, type StorageOperation } from './io-error.ts'
import { checkLedger, Ledger, type Section } from './ledger.ts'
import {
  type NameChange,
  type PowerLossChoice,
  survivingChanges,
  survivingContent,
} from './power-loss.ts'
import type {
  FileTag,
  FolderLock,
  ListedKind,
  ReadableFile,
  Storage,
  WritableFile,
} from './storage.ts'

type Names = Map<string, MemoryFile>

export class MemoryStorage implements Storage {
  readonly openFilesMax = Number.POSITIVE_INFINITY
  readonly #ledger: Ledger
  readonly #folders = new Set<string>(['', '.'])
  readonly #names: Names = new Map()
  readonly #durableNames: Names = new Map()
  #unsynced: NameChange<MemoryFile>[] = []
  readonly #locked = new Set<string>()
  #nextFileId = 0

  constructor(ledger = new Ledger()) {
    checkLedger(ledger)
    this.#ledger = ledger
  }

  /** As it is: there is no working folder. */
  resolve(folder: string): string {
    return folder
  }

  create(path: string, tag: FileTag): WritableFile {
    this.#requireFree('create', path)
    const file = new MemoryFile(this.#nextFileId++)
    this.#change([{ path, file }])
    return new MemoryWritableFile(path, file, this.#ledger, tag)
  }

  appendTo(path: string, tag: FileTag): WritableFile {
    const file = this.#file('open', path)
    return new MemoryWritableFile(path, file, this.#ledger, tag)
  }

  open(path: string, tag: FileTag): ReadableFile {
    const file = this.#file('open', path)
    return new MemoryReadableFile(path, file.bytes, { file }, this.#ledger, tag)
  }

  readAll(path: string, tag: FileTag): Uint8Array {
    const file = this.open(path, tag)
    const bytes = new Uint8Array(file.bytes)
    file.read(bytes, bytes.length, 0, 'meta')
    return bytes
  }

  list(folder: string, what: ListedKind = 'files'): readonly string[] {
    return namesIn(folder, what === 'files' ? this.#names.keys() : this.#folders)
  }

  size(path: string): number {
    return this.#file('size', path).bytes
  }

  rename(from: string, to: string): void {
    const file = this.#file('rename', from)
    this.#requireFolder('rename', to)
    const replaced = this.#names.get(to)
    if (replaced === file) return
    if (replaced !== undefined) this.#ledger.countRemoved(replaced.bytes)
    this.#change([
      { path: from, file: null },
      { path: to, file },
    ])
  }

  link(from: string, to: string): void {
    const file = this.#file('link', from)
    this.#requireFree('link', to)
    this.#change([{ path: to, file }])
    this.#ledger.countLinked(file.bytes)
  }

  truncate(path: string, bytes: number): void {
    const file = this.#file('truncate', path)
    assert(file.nameCount === 1, 'a linked file is finished')
    assert(bytes <= file.bytes, 'truncation never lengthens a file')
    this.#ledger.countTruncated(file.bytes - bytes)
    file.truncate(bytes)
  }

  remove(path: string): void {
    const file = this.#file('remove', path)
    this.#change([{ path, file: null }])
    this.#ledger.countRemoved(file.bytes)
  }

  makeFolder(folder: string): void {
    const path = folderPath(folder)
    if (this.#folders.has(path)) return
    if (this.#names.has(path)) throw ioError('makeFolder', folder, 'EEXIST')
    this.makeFolder(folderOf(path))
    this.#folders.add(path)
  }

  syncFolder(folder: string): void {
    const path = folderPath(folder)
    if (!this.#folders.has(path)) throw ioError('syncFolder', folder, 'ENOENT')
    const [synced, unsynced] = partitionBySync(this.#unsynced, path)
    apply(synced, this.#durableNames)
    this.#unsynced = unsynced
  }

  lock(folder: string): FolderLock {
    const path = folderPath(folder)
    if (!this.#folders.has(path)) throw ioError('lock', folder, 'ENOENT')
    if (this.#locked.has(path)) {
      const message = `${folder} is already open in this process (pid ${process.pid})`
      throw new LsmError('LSM_LOCKED', message, { data: { pid: process.pid, path: folder } })
    }
    this.#locked.add(path)
    let held = true
    return {
      release: () => {
        if (held) this.#locked.delete(path)
        held = false
      },
    }
  }

  /**
   * The storage as found after power loss and reboot: nothing open, nothing locked, all of it durable,
   * on the books of a fresh ledger. This one is left as it is, so one moment can be lost in many ways.
   */
  powerLoss(choice: PowerLossChoice, ledger: Ledger): MemoryStorage {
    const after = new MemoryStorage(ledger)
    for (const folder of this.#folders) after.#folders.add(folder)
    const names: Names = new Map(this.#durableNames)
    apply(survivingChanges(this.#unsynced, choice.names), names)
    const survivors = new Map<MemoryFile, MemoryFile>()
    for (const [path, file] of names) {
      let survivor = survivors.get(file)
      if (survivor === undefined) {
        const content = survivingContent(file.content(), file.syncedBytes, choice.bytes, file.id)
        survivor = new MemoryFile(after.#nextFileId++, content)
        survivors.set(file, survivor)
      }
      survivor.nameCount++
      after.#names.set(path, survivor)
      after.#durableNames.set(path, survivor)
    }
    return after
  }

  #file(operation: StorageOperation, path: string): MemoryFile {
    const file = this.#names.get(path)
    if (file === undefined) throw ioError(operation, path, 'ENOENT')
    return file
  }

  #requireFree(operation: StorageOperation, path: string): void {
    this.#requireFolder(operation, path)
    if (this.#names.has(path) || this.#folders.has(path)) throw ioError(operation, path, 'EEXIST')
  }

  #requireFolder(operation: StorageOperation, path: string): void {
    if (!this.#folders.has(folderOf(path))) throw ioError(operation, path, 'ENOENT')
  }

  #change(names: NameChange<MemoryFile>['names']): void {
    for (const { path, file } of names) {
      const former = this.#names.get(path)
      if (former !== undefined) former.nameCount--
      if (file !== null) file.nameCount++
    }
    apply([{ names }], this.#names)
    this.#unsynced.push({ names })
  }
}

/**
 * The changes that a sync of `folder` makes durable, and the others, both oldest first. A change to a
 * name takes the earlier ones to that name with it, wherever they reach (a rename between folders).
 */
function partitionBySync(
  changes: readonly NameChange<MemoryFile>[],
  folder: string,
): [synced: NameChange<MemoryFile>[], unsynced: NameChange<MemoryFile>[]] {
  const synced: NameChange<MemoryFile>[] = []
  const unsynced: NameChange<MemoryFile>[] = []
  const needed = new Set<string>()
  for (const change of changes.toReversed()) {
    const paths = change.names.map(({ path }) => path)
    if (paths.some((path) => folderOf(path) === folder || needed.has(path))) {
      for (const path of paths) needed.add(path)
      synced.push(change)
    } else {
      unsynced.push(change)
    }
  }
  return [synced.reverse(), unsynced.reverse()]
}

function apply(changes: readonly NameChange<MemoryFile>[], names: Names): void {
  for (const change of changes) {
    for (const { path, file } of change.names) {
      if (file === null) names.delete(path)
      else names.set(path, file)
    }
  }
}

/** What lies directly in `folder`, of all paths: the last part of each, sorted. */
function namesIn(folder: string, paths: Iterable<string>): readonly string[] {
  return Array.from(paths)
    .filter((path) => path !== '' && path !== '.' && folderOf(path) === folderPath(folder))
    .map((path) => path.slice(path.lastIndexOf('/') + 1))
    .sort()
}

function folderPath(folder: string): string {
  return folder.endsWith('/') ? folder.slice(0, -1) : folder
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '.' : path.slice(0, slash)
}

/** The bytes of a file whatever its names: an inode. */
class MemoryFile {
  readonly id: number
  nameCount = 0
  bytes: number
  /** A prefix of this many bytes survives any power loss. */
  syncedBytes: number
  #buffer: Uint8Array

  constructor(id: number, content: Uint8Array = new Uint8Array(0)) {
    this.id = id
    this.#buffer = content
    this.bytes = content.length
    this.syncedBytes = content.length
  }

  /** Borrowed. */
  content(): Uint8Array {
    return this.#buffer.subarray(0, this.bytes)
  }

  append(source: Uint8Array): void {
    const end = this.bytes + source.length
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, this.#buffer.length * 2))
      grown.set(this.content())
      this.#buffer = grown
    }
    this.#buffer.set(source, this.bytes)
    this.bytes = end
  }

  read(target: Uint8Array, start: number, end: number): void {
    target.set(this.#buffer.subarray(start, end))
  }

  sync(upToBytes: number): void {
    this.syncedBytes = Math.min(Math.max(this.syncedBytes, upToBytes), this.bytes)
  }

  truncate(bytes: number): void {
    this.bytes = bytes
    this.syncedBytes = bytes
  }
}

class MemoryWritableFile implements WritableFile {
  readonly path: string
  readonly #file: MemoryFile
  readonly #ledger: Ledger
  readonly #account: number
  #bytes: number
  #closed = false

  constructor(path: string, file: MemoryFile, ledger: Ledger, tag: FileTag) {
    this.path = path
    this.#file = file
    this.#bytes = file.bytes
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array, section: Section): void {
    assert(!this.#closed, 'append to a closed file')
    assert(this.#file.nameCount === 1, 'a linked or removed file is finished')
    if (bytes.length === 0) return
    this.#file.append(bytes)
    this.#bytes += bytes.length
    this.#ledger.countWrite(this.#account, section, bytes.length)
  }

  sync(): void {
    assert(!this.#closed, 'sync of a closed file')
    this.#file.sync(this.#file.bytes)
  }

  async syncAsync(): Promise<void> {
    assert(!this.#closed, 'sync of a closed file')
    const { bytes } = this.#file
    // Durable only on completion: a power loss between call and completion may lose the bytes.
    await Promise.resolve()
    this.#file.sync(bytes)
  }

  close(): void {
    this.#closed = true
  }
}

/** An open file shared by the handles tagged from one another; null once closed. */
interface Descriptor {
  file: MemoryFile | null
}

class MemoryReadableFile implements ReadableFile {
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
    const { file } = this.#descriptor
    assert(file !== null, 'read from a closed file')
    this.#readFrom(file, target, length, offset, section)
  }

  #readFrom(
    file: MemoryFile,
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): void {
    const there = Math.min(length, Math.max(file.bytes - offset, 0))
    if (there > 0) {
      file.read(target, offset, offset + there)
      this.#ledger.countRead(this.#account, section, there)
    }
    if (there < length) {
      const where = { path: this.path, offset, expected: length, actual: there }
      throw corruption(`${length} bytes wanted, ${there} there`, where)
    }
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    const { file } = this.#descriptor
    assert(file !== null, 'read from a closed file')
    // What was open when the read began is read, be it closed meanwhile.
    await Promise.resolve()
    this.#readFrom(file, target, length, offset, section)
  }

  tagged(tag: FileTag): ReadableFile {
    return new MemoryReadableFile(this.path, this.bytes, this.#descriptor, this.#ledger, tag)
  }

  close(): void {
    this.#descriptor.file = null
  }
}
