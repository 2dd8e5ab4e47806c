/**
 * Owns the making of folders, with those on the way to them. Node's own `mkdirSync` with `recursive`
 * never returns where the system answers that the parent is missing although it is there, as under
 * /proc.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from './usage-error.ts'

/** The machine's trouble, not a wrong path. */
const FAILURES = ['ENOSPC', 'EDQUOT', 'EIO']

/** Does nothing where the folder is there. Throws `UsageError` for a path that can be none. */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    // Another process may have made it since.
    if (code === 'EEXIST' && isFolder(path)) return
    if (FAILURES.includes(code)) throw cause
    throw new UsageError(`cannot make the folder ${path} (${code})`, { cause })
  }
}

/** False where nothing is there, also where the way leads through a file or is barred. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}
