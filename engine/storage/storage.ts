/**
 * Owns the seam between the engine and bytes at rest. Nothing above it touches `node:fs`. Every
 * handle is opened with a tag that says on whose account its bytes move; every append and read
 * also names the section of the file, so the ledger counts each byte exactly once.
 *
 * Durability contract: appended bytes survive a power loss after `sync`; a created, renamed, linked
 * or removed name survives after `syncFolder`. Errors are `LSM_IO` with `data.path` (a full disk has
 * `data.errno: 'ENOSPC'`), except `LSM_NOT_FOUND` for a missing file on open.
 * Paths are '/'-separated and opaque to callers beyond joining a folder and a name.
 */

import type { Cause, Section } from './ledger.ts'

/** On whose account bytes move: bound when a handle is opened. Level −1: belongs to no level. */
export interface FileTag {
  readonly cause: Cause
  readonly level: number
}

export interface WritableFile {
  readonly path: string
  /** Bytes appended so far, those present at open included. */
  readonly bytes: number
  /** Appends all of `bytes` or throws. The array is not kept. */
  append(bytes: Uint8Array, section: Section): void
  /** fdatasync; blocks. */
  sync(): void
  /** fdatasync off the main thread. */
  syncAsync(): Promise<void>
  /** Idempotent. Does not sync. */
  close(): void
}

export interface ReadableFile {
  readonly path: string
  /** Size when opened. */
  readonly bytes: number
  /** Fills target[0, length) from `offset`; a short read throws `LSM_CORRUPTION`. */
  read(target: Uint8Array, length: number, offset: number, section: Section): void
  /** The same open file on another account; closing either closes both. */
  tagged(tag: FileTag): ReadableFile
  /** Idempotent. */
  close(): void
}

export interface FolderLock {
  /** Idempotent. */
  release(): void
}

export interface Storage {
  /** Creates the file; an existing one is an error. */
  create(path: string, tag: FileTag): WritableFile
  open(path: string, tag: FileTag): ReadableFile
  /** The whole file, counted as section 'meta' on the tag's account. */
  readAll(path: string, tag: FileTag): Uint8Array
  /** Names (not paths) in the folder, sorted; empty when the folder does not exist. */
  list(folder: string): readonly string[]
  size(path: string): number
  rename(from: string, to: string): void
  link(from: string, to: string): void
  truncate(path: string, bytes: number): void
  /** A missing file is an error. */
  remove(path: string): void
  /** Creates the folder and its parents; an existing one is fine. */
  makeFolder(folder: string): void
  syncFolder(folder: string): void
  /** Holds `folder` for one database object of one process; else `LSM_LOCKED` with `data.pid`. */
  lock(folder: string): FolderLock
}

export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}
