/**
 * Owns the translation of failed system calls into the engine's errors: one clear line for a
 * terminal, the facts as data for programs. All storages use it, so an injected error reads as a
 * real one does.
 */

import { getSystemErrorMap } from 'node:util'
import { LsmError } from '../base/errors.ts'

/** Each operation of the seam and how a sentence names it. */
const PHRASES = {
  create: 'create',
  append: 'append to',
  sync: 'sync',
  open: 'open',
  read: 'read from',
  list: 'list',
  size: 'stat',
  rename: 'rename',
  link: 'link',
  truncate: 'truncate',
  remove: 'remove',
  makeFolder: 'create folder',
  syncFolder: 'sync folder',
  lock: 'lock',
} as const

export type StorageOperation = keyof typeof PHRASES

export interface IoErrorDetails {
  /** The second path of a rename or link. */
  readonly to?: string | undefined
  readonly cause?: unknown
}

/** `errno` by name ('ENOSPC'). `LSM_NOT_FOUND` for ENOENT, else `LSM_IO`. */
export function ioError(
  operation: StorageOperation,
  path: string,
  errno: string,
  { to, cause }: IoErrorDetails = {},
): LsmError {
  const paths = to === undefined ? path : `${path} to ${to}`
  const known = [...getSystemErrorMap().values()].find(([name]) => name === errno)
  const reason = known === undefined ? errno : `${known[1]} (${errno})`
  return new LsmError(
    errno === 'ENOENT' ? 'LSM_NOT_FOUND' : 'LSM_IO',
    `cannot ${PHRASES[operation]} ${paths}: ${reason}`,
    { data: { path, operation, errno, ...(to === undefined ? {} : { to }) }, cause },
  )
}

/** The errno's name when `error` is a failed system call. */
export function errnoOf(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error
  return isSystemError && typeof error.code === 'string' ? error.code : undefined
}

/** What node:fs threw, in the engine's terms; anything but a failed system call comes back as is. */
export function translated(
  operation: StorageOperation,
  path: string,
  error: unknown,
  to?: string,
): unknown {
  const errno = errnoOf(error)
  return errno === undefined ? error : ioError(operation, path, errno, { to, cause: error })
}
