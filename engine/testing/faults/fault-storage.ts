/**
 * Owns faults: a Storage that wraps another one and fails at chosen calls. It numbers the mutating
 * calls from 1. A harness runs a scenario once to count them, then once for each of them, stopping
 * there. Invariant: once `cutAt` has struck, no call reaches the inner storage, except closing
 * handles and releasing locks, which change nothing at rest.
 */

import { LsmError } from '../../base/errors.ts'
import { ioError, type StorageOperation } from '../../storage/io-error.ts'
import type { Section } from '../../storage/ledger.ts'
import type {
  FileTag,
  FolderLock,
  ListedKind,
  LockPurpose,
  ReadableFile,
  Storage,
  WritableFile,
} from '../../storage/storage.ts'

/**
 * The operations that get a number. The others (open, read, list, size, lock) can be failed too.
 */
const MUTATING_OPERATIONS: ReadonlySet<StorageOperation> = new Set([
  'create',
  'append',
  'sync',
  'rename',
  'link',
  'truncate',
  'remove',
  'makeFolder',
  'syncFolder',
])

export interface StorageCall {
  /** Counted from 1. A call that changes nothing carries the number of the last mutating call. */
  readonly number: number
  readonly operation: StorageOperation
  readonly path: string
  /** Number of bytes to append, to read, or to truncate to. */
  readonly bytes?: number
}

export interface FaultStorageOptions {
  /**
   * Called with every mutating call before it is made. If it throws, its error is the call's
   * outcome.
   */
  readonly onCall?: (call: StorageCall) => void
}

interface Fault {
  readonly strikes: (call: StorageCall) => boolean
  /** Null means that the power fails. */
  readonly errno: string | null
  /** How many bytes of an append still arrive. */
  readonly appliedBytes: number
}

export class FaultStorage implements Storage {
  readonly openFilesMax: number
  readonly #inner: Storage
  readonly #onCall: (call: StorageCall) => void
  readonly #faults = new Set<Fault>()
  #calls = 0
  #isCut = false

  constructor(inner: Storage, options: FaultStorageOptions = {}) {
    this.openFilesMax = inner.openFilesMax
    this.#inner = inner
    this.#onCall = options.onCall ?? (() => {})
  }

  /** Mutating calls so far, including failed ones. */
  get calls(): number {
    return this.#calls
  }

  /** Whether the power is off. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Fails mutating call `number`. If it is an append, its first `appliedBytes` still arrive. */
  failAt(number: number, errno: string, appliedBytes = 0): void {
    this.#faults.add({ strikes: (call) => isCall(call, number), errno, appliedBytes })
  }

  /**
   * Fails every call that `strikes` selects, reads included, until the returned function is called.
   */
  failWhen(strikes: (call: StorageCall) => boolean, errno: string, appliedBytes = 0): () => void {
    const fault: Fault = { strikes, errno, appliedBytes }
    this.#faults.add(fault)
    return () => {
      this.#faults.delete(fault)
    }
  }

  /**
   * Cuts the power at mutating call `number`: that one and every later call throws `LSM_IO` with
   * `data.powerCut`. If it is an append, its first `appliedBytes` still arrive.
   */
  cutAt(number: number, appliedBytes = 0): void {
    this.#faults.add({ strikes: (call) => isCall(call, number), errno: null, appliedBytes })
  }

  resolve(folder: string): string {
    return this.#inner.resolve(folder)
  }

  create(path: string, tag: FileTag): WritableFile {
    this.#enter('create', path)
    return new FaultWritableFile(this.#inner.create(path, tag), this, this.#enter)
  }

  appendTo(path: string, tag: FileTag): WritableFile {
    this.#enter('open', path)
    return new FaultWritableFile(this.#inner.appendTo(path, tag), this, this.#enter)
  }

  open(path: string, tag: FileTag): ReadableFile {
    this.#enter('open', path)
    return new FaultReadableFile(this.#inner.open(path, tag), this.#enter)
  }

  readAll(path: string, tag: FileTag): Uint8Array {
    this.#enter('open', path)
    this.#enter('read', path)
    return this.#inner.readAll(path, tag)
  }

  list(folder: string, what?: ListedKind): readonly string[] {
    this.#enter('list', folder)
    return this.#inner.list(folder, what)
  }

  size(path: string): number {
    this.#enter('size', path)
    return this.#inner.size(path)
  }

  rename(from: string, to: string): void {
    this.#enter('rename', from)
    this.#inner.rename(from, to)
  }

  link(from: string, to: string): void {
    this.#enter('link', from)
    this.#inner.link(from, to)
  }

  truncate(path: string, bytes: number): void {
    this.#enter('truncate', path, bytes)
    this.#inner.truncate(path, bytes)
  }

  remove(path: string): void {
    this.#enter('remove', path)
    this.#inner.remove(path)
  }

  makeFolder(folder: string): void {
    this.#enter('makeFolder', folder)
    this.#inner.makeFolder(folder)
  }

  syncFolder(folder: string): void {
    this.#enter('syncFolder', folder)
    this.#inner.syncFolder(folder)
  }

  lock(folder: string, purpose?: LockPurpose): FolderLock {
    this.#enter('lock', folder)
    return this.#inner.lock(folder, purpose)
  }

  /** Runs before every call: numbers it, and throws the fault that strikes it, if any. */
  readonly #enter: Enter = (operation, path, bytes, applyPart) => {
    const mutates = MUTATING_OPERATIONS.has(operation)
    const number = mutates ? this.#calls + 1 : this.#calls
    const call: StorageCall = { number, operation, path, ...(bytes === undefined ? {} : { bytes }) }
    if (this.#isCut) throw powerCut(call)
    if (mutates) {
      this.#calls = number
      this.#onCall(call)
    }
    for (const { strikes, errno, appliedBytes } of this.#faults) {
      if (!strikes(call)) continue
      applyPart?.(appliedBytes)
      if (errno !== null) throw ioError(operation, path, errno)
      this.#isCut = true
      throw powerCut(call)
    }
  }
}

type Enter = (
  operation: StorageOperation,
  path: string,
  bytes?: number,
  applyPart?: (appliedBytes: number) => void,
) => void

function isCall(call: StorageCall, number: number): boolean {
  return call.number === number && MUTATING_OPERATIONS.has(call.operation)
}

function powerCut({ number, operation, path }: StorageCall): LsmError {
  return new LsmError('LSM_IO', `power cut at call ${number}: ${operation} ${path}`, {
    data: { path, operation, errno: 'EIO', powerCut: true },
  })
}

class FaultWritableFile implements WritableFile {
  readonly #inner: WritableFile
  readonly #storage: FaultStorage
  readonly #enter: Enter

  constructor(inner: WritableFile, storage: FaultStorage, enter: Enter) {
    this.#inner = inner
    this.#storage = storage
    this.#enter = enter
  }

  get path(): string {
    return this.#inner.path
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  append(bytes: Uint8Array, section: Section): void {
    this.#enter('append', this.path, bytes.length, (appliedBytes) => {
      this.#inner.append(bytes.subarray(0, appliedBytes), section)
    })
    this.#inner.append(bytes, section)
  }

  sync(): void {
    this.#enter('sync', this.path)
    this.#inner.sync()
  }

  async syncAsync(): Promise<void> {
    this.#enter('sync', this.path)
    await this.#inner.syncAsync()
    // If the power fails during a sync, its caller must never see it succeed.
    if (this.#storage.isCut) {
      throw powerCut({ number: this.#storage.calls, operation: 'sync', path: this.path })
    }
  }

  close(): void {
    this.#inner.close()
  }
}

class FaultReadableFile implements ReadableFile {
  readonly #inner: ReadableFile
  readonly #enter: Enter

  constructor(inner: ReadableFile, enter: Enter) {
    this.#inner = inner
    this.#enter = enter
  }

  get path(): string {
    return this.#inner.path
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    this.#enter('read', this.path, length)
    this.#inner.read(target, length, offset, section)
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    this.#enter('read', this.path, length)
    await this.#inner.readAsync(target, length, offset, section)
  }

  tagged(tag: FileTag): ReadableFile {
    return new FaultReadableFile(this.#inner.tagged(tag), this.#enter)
  }

  close(): void {
    this.#inner.close()
  }
}
