/**
 * Owns what goes from one folder into a new one: finished files by link, or by copy where a link is
 * not possible or the new folder has another storage (another key, or none). Invariant: a copy is
 * durable when the call returns; names are durable once the caller has synced the new folder.
 */

import { invalidArgument } from '../../base/errors.ts'
import { segmentName } from '../../manifest/file-names.ts'
import { copyFile, linkOrCopy } from '../../storage/copies.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { COMPRESSION_TYPE } from '../../table/compression.ts'
import type { SegmentMeta, Segments } from '../../version/segment-meta.ts'
import { encodeSegmentFooter, encodeSegmentHeader } from '../../vlog/segment-format.ts'
import { LogWriter } from '../../wal/log-writer.ts'
import type { ReplayedBatch } from '../log-replay.ts'
import type { FolderContent } from './closed-folder.ts'

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

/** Copies the first `bytes` bytes of the file `name`, and appends `ending`. */
export function copyTo(
  { source, folder, target, to }: FolderPair,
  name: string,
  bytes: number,
  ending?: Uint8Array,
): void {
  copyFile(source, joinPath(folder, name), joinPath(to, name), bytes, ending, target)
}

/** Copies or links the segments. Returns their metadata in the new folder, where all are complete. */
export function placeSegments(pair: FolderPair, { manifest, recovery }: FolderContent): Segments {
  const placed = Array.from(manifest.segments.values(), (meta): SegmentMeta => {
    const { segment } = meta
    const end = recovery.segments.endOf(segment)
    if (end === undefined) {
      placeFile(pair, segmentName(segment))
      return meta
    }
    const { records, recordBytes, validBytes } = end
    const header = encodeSegmentHeader(COMPRESSION_TYPE.none)
    const whole = encodeSegmentFooter(records)
    const ending = records > 0 ? whole : Uint8Array.from([...header, ...whole])
    copyTo(pair, segmentName(segment), records > 0 ? validBytes : 0, ending)
    return { segment, state: 'sealed', records, recordBytes }
  })
  return new Map(placed.map((meta) => [meta.segment, meta]))
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
