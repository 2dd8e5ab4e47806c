/**
 * Owns the seam between the engine and bytes at rest. Nothing above it touches `node:fs`. Every
 * handle is opened with a tag that names the account of its bytes. Every append and read also names
 * the section of the file, so the ledger counts each byte exactly once.
 *
 * Durability contract: appended bytes survive a power loss after `sync`; a created, renamed, linked
 * or removed name survives after `syncFolder`; `truncate` and `makeFolder` are durable on return. A
 * failed system call throws `LSM_NOT_FOUND` if a required file or folder is missing (ENOENT), and
 * `LSM_IO` otherwise, both with `data` {path, operation, errno: 'ENOSPC' …}.
 *
 * A linked or removed file is finished: nothing appends to it or truncates it any more. Otherwise
 * the ledger's balance, which counts by name, could not tell how many names a byte belongs to.
 * Paths are '/'-separated; callers join a folder and a name, and otherwise treat a path as opaque.
 */

import type { SharedEncryption } from './encryption/encryption-key.ts'
import { type Cause, checkLedger, type Ledger, type Section, type SharedLedger } from './ledger.ts'

/** The account on which bytes move, bound when a handle is opened. Level −1 means no level. */
export interface FileTag {
  readonly cause: Cause
  readonly level: number
}

export interface WritableFile {
  readonly path: string
  /**
   * Size when opened plus the bytes appended since, including those of an append that then failed.
   */
  readonly bytes: number
  /** Appends all of `bytes` or throws. The array is not kept. */
  append(bytes: Uint8Array, section: Section): void
  /** Calls fdatasync and blocks until it is done. */
  sync(): void
  /**
   * Calls fdatasync off the main thread. When it resolves, all bytes appended before the call are
   * durable.
   */
  syncAsync(): Promise<void>
  /** Idempotent. Does not sync. */
  close(): void
}

export interface ReadableFile {
  readonly path: string
  /** Size when opened. */
  readonly bytes: number
  /** Fills target[0, length) from `offset`. A read past the file's end throws `LSM_CORRUPTION`. */
  read(target: Uint8Array, length: number, offset: number, section: Section): void
  /**
   * As `read`, off the main thread. `target` must not change meanwhile. Many reads may be under
   * way.
   */
  readAsync(target: Uint8Array, length: number, offset: number, section: Section): Promise<void>
  /** The same open file on another account. Closing either handle closes both. */
  tagged(tag: FileTag): ReadableFile
  /** Idempotent. */
  close(): void
}

/** Reads of finished or growing files around the system's page cache. */
export interface DirectFiles {
  /**
   * Tries a direct read in `folder`, which this process has locked for writing.
   * `LSM_INVALID_ARGUMENT` if the system or the folder's file system refuses it.
   */
  check(folder: string): void
  /** As `Storage.open`. The ledger counts the bytes asked for, not the whole blocks read. */
  open(path: string, tag: FileTag): ReadableFile
}

export type ListedKind = 'files' | 'folders'

export type LockPurpose = 'write' | 'read'

export interface FolderLock {
  /** Idempotent. */
  release(): void
}

/** A storage as data that can be posted to another thread. `storageOver` opens it there. */
export interface SharedStorage {
  readonly ledger: SharedLedger
  /** How many threads divide the files that the process may have open. */
  readonly threads: number
  /** Present if the files are encrypted. */
  readonly encryption?: SharedEncryption
}

/** Files and folders as the engine needs them. Calls block where they return no promise. */
export interface Storage {
  /** How many files the process may have open at once. */
  readonly openFilesMax: number
  /**
   * A name that refers to `folder` whatever the process does later, for example changing its
   * working folder. The opener of a folder calls this once and builds every path from the answer.
   */
  resolve(folder: string): string
  /** Creates the file; an existing one is an error. */
  create(path: string, tag: FileTag): WritableFile
  /**
   * Opens an existing file to append to it: `bytes` starts at its size. Only recovery uses this.
   */
  appendTo(path: string, tag: FileTag): WritableFile
  open(path: string, tag: FileTag): ReadableFile
  /** Missing where no page cache can be avoided. */
  readonly direct?: DirectFiles
  /** The whole file, counted as section 'meta' on the tag's account. */
  readAll(path: string, tag: FileTag): Uint8Array
  /**
   * Names (not paths) of the files in the folder, or of its subfolders, sorted, without the lock's
   * files. Empty if the folder does not exist.
   */
  list(folder: string, what?: ListedKind): readonly string[]
  size(path: string): number
  /**
   * Replaces an existing `to`. Does nothing if both names refer to the same file, as POSIX demands.
   */
  rename(from: string, to: string): void
  /** Adds a second name for a finished file. An existing `to` is an error. */
  link(from: string, to: string): void
  /** Shortens the file to its first `bytes` bytes and syncs it. */
  truncate(path: string, bytes: number): void
  /** Open readers can still read the file. A missing file is an error. */
  remove(path: string): void
  /** Creates the folder and its parents. Existing ones are accepted. */
  makeFolder(folder: string): void
  syncFolder(folder: string): void
  /**
   * Holds `folder` for one database object of one process; throws `LSM_LOCKED` with `data.pid` if
   * somebody else holds it. Where this process may only read the folder, `purpose: 'read'` holds
   * nothing. It then checks, now and at the release, whether somebody else holds the folder, and
   * throws `LSM_LOCKED` if so.
   */
  lock(folder: string, purpose?: LockPurpose): FolderLock
  /**
   * Lets `threads` other threads use this storage's files and ledger, each through a handle of its
   * own. They divide `openFilesMax` among them. The lock of a folder stays with this handle: the
   * others use the folder without a lock. Missing where only one thread can use the storage.
   */
  share?(threads: number): SharedStorage
}

export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}

/** The summed sizes of the folder's files, in bytes. */
export function folderBytes(storage: Storage, folder: string): number {
  let bytes = 0
  for (const name of storage.list(folder)) bytes += storage.size(joinPath(folder, name))
  return bytes
}

/**
 * Adds the files already in `folder` to the ledger's balance. The opener of the folder calls this
 * once.
 */
export function countFolder(storage: Storage, ledger: Ledger, folder: string): void {
  checkLedger(ledger)
  ledger.countPresentAtOpen(folderBytes(storage, folder))
}
