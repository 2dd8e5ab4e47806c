/**
 * Owns the check of the path a command shall write to. It runs before the work begins, so that no
 * result is lost to a wrong path.
 */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isFolder } from './make-folder.ts'
import { UsageError } from './usage-error.ts'

/**
 * `path` must be a file, new or old, in a folder that exists. Throws `UsageError` with the flag.
 */
export function checkOutFile(flag: string, path: string): void {
  if (isFolder(path)) throw new UsageError(`--${flag}: ${path} is a folder; name a file in it`)
  const folder = dirname(path)
  if (!isFolder(folder)) throw new UsageError(`--${flag}: there is no folder ${folder}`)
}

/** As `checkOutFile`, for a command that makes the missing folders. Throws `UsageError`. */
export function checkOutFileMade(flag: string, path: string): void {
  if (isFolder(path)) throw new UsageError(`--${flag}: ${path} is a folder; name a file in it`)
  checkOutFolder(flag, dirname(path))
}

/** `path` must be free for a run's result. Throws `UsageError` when it is a folder. */
export function checkResultFile(path: string): void {
  if (isFolder(path)) throw new UsageError(`--out: a result goes to ${path}, which is a folder`)
}

/** `path` must be a folder, or one that can be made. Throws `UsageError` with the flag. */
export function checkOutFolder(flag: string, path: string): void {
  const there = nearestThere(path)
  if (!isFolder(there)) throw new UsageError(`--${flag}: ${there} is a file, not a folder`)
}

/** `path` itself if it exists, else the nearest folder above it that does. */
export function nearestThere(path: string): string {
  const above = dirname(path)
  return isThere(path) || above === path ? path : nearestThere(above)
}

/** False also for a path that goes through a file. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
