/**
 * Owns the Storage in memory: deterministic, without I/O, with a power loss that a test can trigger
 * at any moment. A file (inode) is separate from its names, as on a real disk: renaming and linking
 * keep it, and a removed file lives on for its readers. Two states are kept: the one that the
 * running system sees, and the one that must survive, which is each file's synced bytes under the
 * names whose folder was synced. `powerLoss` builds a state between the two, by the rules of
 * power-loss.ts.
 *
 * Invariant: the durable names plus the unsynced changes in order are the visible names.
 */

import { assert } from '../base/assert.ts'
import { LsmError } from '../base/errors.ts'
import { ioError, type StorageOperation } from './io-error.ts'
import { checkLedger, Ledger } from './ledger.ts'
import { MemoryFile, MemoryReadableFile, MemoryWritableFile } from './memory-file.ts'
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

/** A storage in memory: for tests, and for a database that need not last. */
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

  /** Returns `folder` unchanged: there is no working folder. */
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
   * The storage after a power loss and a reboot: nothing is open or locked, everything is durable,
   * and a fresh `ledger` counts. The original storage does not change, so one moment can be lost in
   * many ways.
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
 * The changes that a sync of `folder` makes durable, and the others, both oldest first. A change to
 * a name takes the earlier changes to that name with it, also in other folders (a rename between
 * folders).
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

/** The names of all `paths` that lie directly in `folder` (their last parts), sorted. */
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
