/**
 * Owns second names and copies of files. Invariant: a copy is durable when the call returns; its
 * name is durable once the caller has synced the folder.
 */

import { isLsmError } from '../base/errors.ts'
import type { FileTag, Storage, WritableFile } from './storage.ts'

const COPY_TAG: FileTag = { cause: 'meta', level: -1 }
const COPY_BYTES = 1024 * 1024
/**
 * Errors of a link to another device, on a file system without hard links, or to a file with too
 * many names.
 */
const CANNOT_LINK: readonly unknown[] = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']

/**
 * Gives a finished file a second name, or copies it if the storage cannot link. True if it linked.
 */
export function linkOrCopy(storage: Storage, from: string, to: string): boolean {
  try {
    storage.link(from, to)
    return true
  } catch (error) {
    if (!isLsmError(error) || !CANNOT_LINK.includes(error.data.errno)) throw error
  }
  copyFile(storage, from, to, storage.size(from))
  return false
}

/** Copies the first `bytes` bytes and appends `ending`, durably. `to` may be in another storage. */
export function copyFile(
  storage: Storage,
  from: string,
  to: string,
  bytes: number,
  ending: Uint8Array = new Uint8Array(0),
  targetStorage: Storage = storage,
): void {
  const target = targetStorage.create(to, COPY_TAG)
  try {
    copyInto(storage, from, target, bytes)
    target.append(ending, 'data')
    target.sync()
  } finally {
    target.close()
  }
}

function copyInto(storage: Storage, from: string, target: WritableFile, bytes: number): void {
  const source = storage.open(from, COPY_TAG)
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, bytes))
    for (let at = 0; at < bytes; at += buffer.length) {
      const length = Math.min(buffer.length, bytes - at)
      source.read(buffer, length, at, 'data')
      target.append(buffer.subarray(0, length), 'data')
    }
  } finally {
    source.close()
  }
}
