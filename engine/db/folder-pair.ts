/**
 * Owns what goes from one folder into a new one: finished files by link, or by copy where a link is
 * not possible or the new folder has another storage (another key, or none). Invariant: a copy is
 * durable when the call returns; names are durable once the caller has synced the new folder.
 */

import { invalidArgument } from '../base/errors.ts'
import { tableName } from '../manifest/file-names.ts'
import { copyFile, linkOrCopy } from '../storage/copies.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { type Run, tablesOf } from '../version/run.ts'
import { LogWriter } from '../wal/log-writer.ts'
import type { ReplayedBatch } from './log-replay.ts'

export interface FolderPair {
  readonly source: Storage
  readonly folder: string
  readonly target: Storage
  readonly to: string
}

/**
 * Makes the new folder and runs `fill`; if that fails, removes what it made. The new folder must be
 * missing or empty, and neither inside the old one nor around it: `LSM_INVALID_ARGUMENT`.
 */
export function fillFolder<Result>(pair: FolderPair, fill: () => Result): Result {
  const { folder, target, to } = pair
  if (target.list(to).length > 0 || target.list(to, 'folders').length > 0) {
    throw invalidArgument(`${to} is not empty`, { path: to })
  }
  const isAround = `${folder}/`.startsWith(`${to}/`) || `${to}/`.startsWith(`${folder}/`)
  if (isAround) throw invalidArgument(`${to} and ${folder} overlap`, { path: to })
  target.makeFolder(to)
  try {
    return fill()
  } catch (error) {
    for (const name of target.list(to)) target.remove(joinPath(to, name))
    throw error
  }
}

/** Gives the new folder the finished file `name`. True if it is linked. */
export function placeFile(pair: FolderPair, name: string): boolean {
  const { source, folder, target, to } = pair
  if (source === target) return linkOrCopy(source, joinPath(folder, name), joinPath(to, name))
  copyTo(pair, name, source.size(joinPath(folder, name)))
  return false
}

/** Gives the new folder the tables of the runs. Returns how many could not be linked. */
export function placeTables(pair: FolderPair, runs: Iterable<Run>): number {
  let copied = 0
  for (const run of runs) {
    for (const { id } of tablesOf(run)) if (!placeFile(pair, tableName(id))) copied++
  }
  return copied
}

/** Copies the first `bytes` bytes of the file `name`, and appends `ending`. */
export function copyTo(
  { source, folder, target, to }: FolderPair,
  name: string,
  bytes: number,
  ending?: Uint8Array,
): void {
  copyFile(source, joinPath(folder, name), joinPath(to, name), bytes, ending, target)
}

/**
 * Writes the batches that an open would recover to a log at `path`. The log is written even if it
 * is empty, because the manifest names it and an open expects it.
 */
export function writeLog(storage: Storage, path: string, batches: readonly ReplayedBatch[]): void {
  const log = new LogWriter(storage.create(path, { cause: 'wal', level: -1 }))
  try {
    for (const { batch } of batches) log.append(batch.view())
    log.sync()
  } finally {
    log.close()
  }
}
