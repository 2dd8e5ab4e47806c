/**
 * Owns the translation of failed system calls into the engine's errors: one clear line for a
 * terminal, the facts as data for programs. All storages use it, so injected errors have the same
 * form as real ones.
 */

import { getSystemErrorMap } from 'node:util'
import { LsmError } from '../base/errors.ts'

/** How an error message names each operation of the seam. */
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

/**
 * `errno` is a name such as 'ENOSPC'. The code is `LSM_NOT_FOUND` for ENOENT, otherwise `LSM_IO`.
 */
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

/** The errno's name if `error` is a failed system call, otherwise undefined. */
export function errnoOf(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error
  return isSystemError && typeof error.code === 'string' ? error.code : undefined
}

/**
 * Translates a failed system call from node:fs into an engine error. Other errors are returned as
 * they are.
 */
export function translated(
  operation: StorageOperation,
  path: string,
  error: unknown,
  to?: string,
): unknown {
  const errno = errnoOf(error)
  return errno === undefined ? error : ioError(operation, path, errno, { to, cause: error })
}
