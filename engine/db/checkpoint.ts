/**
 * Owns checkpoints: a second folder with the same data, which opens like the first. Finished files
 * get second names, so a checkpoint costs hardly any space or time. With another storage for the
 * new folder they are copied through it: that is how a folder gets another key, or none.
 *
 * Invariant: CURRENT comes last, when all it leads to is durable. A crash before that leaves a
 * folder without CURRENT, which no open takes for a database.
 */

import { segmentName, walName } from '../manifest/file-names.ts'
import { FileNumbers } from '../manifest/file-numbers.ts'
import { Manifest } from '../manifest/manifest.ts'
import type { ManifestState } from '../manifest/manifest-state.ts'
import { joinPath } from '../storage/storage.ts'
import { runsNewestFirst } from '../version/version.ts'
import {
  copyTo,
  type FolderPair,
  fillFolder,
  placeFile,
  placeTables,
  writeLog,
} from './folder-pair.ts'
import type { ReplayedBatch } from './log-replay.ts'
import { OPTIONS_RECORD } from './options-record.ts'

/** What a checkpoint wrote. */
export interface CheckpointReport {
  readonly tables: number
  readonly tableBytes: number
  /** Tables that had to be copied because a link was not possible. */
  readonly tablesCopied: number
  /** Number of segments of the value log. */
  readonly segments: number
  /** The newest sequence number in the checkpoint. */
  readonly lastSeq: number
}

/** Makes a checkpoint of an open database in `state`, whose memtables are empty. */
export function checkpointState(pair: FolderPair, state: ManifestState): CheckpointReport {
  return fillFolder(pair, () => {
    // No table points into a segment that is open.
    const sealed = [...state.segments].filter(([, meta]) => meta.state !== 'open')
    const segments = new Map(sealed)
    for (const { segment } of segments.values()) placeFile(pair, segmentName(segment))
    return fillCheckpoint(pair, { ...state, segments }, [], state.lastSeq)
  })
}

/** Fills the new folder, where the segments are, with the tables and a log of `batches`. */
export function fillCheckpoint(
  pair: FolderPair,
  state: ManifestState,
  batches: readonly ReplayedBatch[],
  lastSeq: number,
): CheckpointReport {
  const { source, folder, target, to } = pair
  const runs = Array.from(runsNewestFirst(state.version), ({ run }) => run)
  const tablesCopied = placeTables(pair, runs)
  if (source.list(folder).includes(OPTIONS_RECORD)) {
    copyTo(pair, OPTIONS_RECORD, source.size(joinPath(folder, OPTIONS_RECORD)))
  }
  const numbers = new FileNumbers(state.nextFileNumber)
  const logNumber = numbers.allocate()
  writeLog(target, joinPath(to, walName(logNumber)), batches)
  const copied = { ...state, logNumber, nextFileNumber: numbers.next }
  Manifest.create(target, to, copied, { allocate: () => numbers.allocate() }).close(lastSeq)
  const { tables, bytes } = state.version.totals
  return { tables, tableBytes: bytes, tablesCopied, segments: state.segments.size, lastSeq }
}
