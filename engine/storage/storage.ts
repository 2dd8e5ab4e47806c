/**
 * Owns the seam between the engine and bytes at rest. Nothing above it touches `node:fs`. Every
 * handle is opened with a tag that says on whose account its bytes move; every append and read
 * also names the section of the file, so the ledger counts each byte exactly once.
 *
 * Durability contract: appended bytes survive a power loss after `sync`; a created, renamed, linked
 * or removed name survives after `syncFolder`; `truncate` and `makeFolder` are durable on return.
 * A failed system call throws `LSM_NOT_FOUND` where a file or folder that must exist is missing
 * (ENOENT) and `LSM_IO` otherwise, both with `data` {path, operation, errno: 'ENOSPC' …}.
 *
 * A file that is linked or removed is finished: nothing appends to it or truncates it any more. Else
 * the ledger's balance, which counts by name, would not know how many names a byte belongs to.
 * Paths are '/'-separated and opaque to callers beyond joining a folder and a name.
 */

import { type Cause, checkLedger, type Ledger, type Section } from './ledger.ts'

/** On whose account bytes move: bound when a handle is opened. Level −1: belongs to no level. */
export interface FileTag {
  readonly cause: Cause
  readonly level: number
}

export interface WritableFile {
  readonly path: string
  /** Size when opened, and bytes appended since, those of an append that then failed included. */
  readonly bytes: number
  /** Appends all of `bytes` or throws. The array is not kept. */
  append(bytes: Uint8Array, section: Section): void
  /** fdatasync; blocks. */
  sync(): void
  /** fdatasync off the main thread: what was appended before the call is durable when it resolves. */
  syncAsync(): Promise<void>
  /** Idempotent. Does not sync. */
  close(): void
}

export interface ReadableFile {
  readonly path: string
  /** Size when opened. */
  readonly bytes: number
  /** Fills target[0, length) from `offset`; past the file's end throws `LSM_CORRUPTION`. */
  read(target: Uint8Array, length: number, offset: number, section: Section): void
  /** As `read`, off the main thread; `target` must not change meanwhile. Many may be under way. */
  readAsync(target: Uint8Array, length: number, offset: number, section: Section): Promise<void>
  /** The same open file on another account; closing either closes both. */
  tagged(tag: FileTag): ReadableFile
  /** Idempotent. */
  close(): void
}

export type ListedKind = 'files' | 'folders'

export type LockPurpose = 'write' | 'read'

export interface FolderLock {
  /** Idempotent. */
  release(): void
}

/** Files and folders as the engine needs them. Calls block where they return no promise. */
export interface Storage {
  /** How many files the process may have open at once. */
  readonly openFilesMax: number
  /**
   * The name under which `folder` is found whatever the process does later, as with its working
   * folder. Whoever opens a folder asks once, and makes every path of the answer.
   */
  resolve(folder: string): string
  /** Creates the file; an existing one is an error. */
  create(path: string, tag: FileTag): WritableFile
  /** Goes on with a file that is there: `bytes` counts from its size. For recovery alone. */
  appendTo(path: string, tag: FileTag): WritableFile
  open(path: string, tag: FileTag): ReadableFile
  /** The whole file, counted as section 'meta' on the tag's account. */
  readAll(path: string, tag: FileTag): Uint8Array
  /**
   * Names (not paths) of the files in the folder, or of the folders in it, sorted; the lock's own
   * files are left out. Empty when the folder does not exist.
   */
  list(folder: string, what?: ListedKind): readonly string[]
  size(path: string): number
  /** Replaces an existing `to`. Does nothing when both name one file, as POSIX has it. */
  rename(from: string, to: string): void
  /** A second name for a finished file; an existing `to` is an error. */
  link(from: string, to: string): void
  /** Shortens the file to its first `bytes` bytes and syncs it. */
  truncate(path: string, bytes: number): void
  /** Open readers go on reading. A missing file is an error. */
  remove(path: string): void
  /** Creates the folder and its parents; an existing one is fine. */
  makeFolder(folder: string): void
  syncFolder(folder: string): void
  /**
   * Holds `folder` for one database object of one process; else `LSM_LOCKED` with `data.pid`. Where
   * this process may only read the folder, `purpose: 'read'` holds nothing and looks whether somebody
   * else does, now and at the release, which then throws `LSM_LOCKED`.
   */
  lock(folder: string, purpose?: LockPurpose): FolderLock
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

/** Puts what already lies in `folder` on the ledger's balance: called once by whoever opens it. */
export function countFolder(storage: Storage, ledger: Ledger, folder: string): void {
  checkLedger(ledger)
  ledger.countPresentAtOpen(folderBytes(storage, folder))
}
