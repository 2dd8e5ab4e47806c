/**
 * Owns making a folder and the missing folders above it. Node's own `mkdirSync` with `recursive` is
 * not used: it never returns where the system says that an existing parent is missing, as under
 * /proc.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from './usage-error.ts'

/** Failures of the machine; any other means that the path is wrong. */
const FAILURES = ['ENOSPC', 'EDQUOT', 'EIO']

/** Does nothing if the folder exists. Throws `UsageError` for a path that cannot be a folder. */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    // Another process may have made it in the meantime.
    if (code === 'EEXIST' && isFolder(path)) return
    if (FAILURES.includes(code)) throw cause
    throw new UsageError(`cannot make the folder ${path} (${code})`, { cause })
  }
}

/** False if nothing is there, if the path goes through a file, or if it must not be read. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}
