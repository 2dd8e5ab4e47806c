/**
 * Owns the check of where a command is told to write, before it has worked for it: a file whose
 * folder is there, or a folder that is there or can be made.
 */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isFolder } from './make-folder.ts'
import { UsageError } from './usage-error.ts'

/** `path` is to be a file in a folder that exists. Throws `UsageError` naming the flag. */
export function checkOutFile(flag: string, path: string): void {
  if (isFolder(path)) throw new UsageError(`--${flag}: ${path} is a folder; name a file in it`)
  const folder = dirname(path)
  if (!isFolder(folder)) throw new UsageError(`--${flag}: there is no folder ${folder}`)
}

/** As `checkOutFile`, of a command that makes the folders on the way. Throws `UsageError`. */
export function checkOutFileMade(flag: string, path: string): void {
  if (isFolder(path)) throw new UsageError(`--${flag}: ${path} is a folder; name a file in it`)
  checkOutFolder(flag, dirname(path))
}

/** A run's result is to be the file `path`. Throws `UsageError` naming what stands in its place. */
export function checkResultFile(path: string): void {
  if (isFolder(path)) throw new UsageError(`--out: a result goes to ${path}, which is a folder`)
}

/** `path` is to be a folder, made where it is missing. Throws `UsageError` naming the flag. */
export function checkOutFolder(flag: string, path: string): void {
  const there = nearestThere(path)
  if (!isFolder(there)) throw new UsageError(`--${flag}: ${there} is a file, not a folder`)
}

/** `path` itself, or the nearest on the way to it. */
export function nearestThere(path: string): string {
  const above = dirname(path)
  return isThere(path) || above === path ? path : nearestThere(above)
}

/** A path through a file leads nowhere either. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
