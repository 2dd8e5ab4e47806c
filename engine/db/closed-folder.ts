/**
 * Owns the look at a database that nobody has open: what an open would find, read under the folder's
 * lock and changed in nothing. Export, dump and verify all start here. Invariant: no database object
 * exists for the folder while `read` runs, so its files stand still.
 */

import { LsmError } from '../base/errors.ts'
import { CURRENT } from '../manifest/file-names.ts'
import { type RecoveredManifest, recoverManifest } from '../manifest/recover.ts'
import type { Storage } from '../storage/storage.ts'
import { printVersion } from '../version/text.ts'
import { runCount } from '../version/version.ts'
import { checkPlace } from './open-options.ts'
import { type OptionsRecord, readOptionsRecord } from './options-record.ts'
import { checkTables, liveLogs, type ReplayReport, replayLogs } from './recovery.ts'
import { checkSegments, SegmentRecovery } from './segment-recovery.ts'

/**
 * Runs `read` on the folder, resolved and locked. Errors: `LSM_NOT_FOUND` where there is no database,
 * `LSM_LOCKED` where it is open, `LSM_INVALID_ARGUMENT` for what is no storage or no folder's name.
 */
export function withClosedFolder<Result>(
  storage: Storage,
  name: string,
  read: (folder: string) => Result,
): Result {
  checkPlace(storage, name)
  const folder = storage.resolve(name)
  if (!storage.list(folder).includes(CURRENT)) {
    throw new LsmError('LSM_NOT_FOUND', `${folder} holds no database: it has no ${CURRENT} file`, {
      data: { path: folder },
    })
  }
  const lock = storage.lock(folder)
  try {
    return read(folder)
  } finally {
    lock.release()
  }
}

export interface FolderContent {
  readonly manifest: RecoveredManifest
  /** Null in a folder that was never opened, such as an export. */
  readonly options: OptionsRecord | null
  /** Numbers of the logs an open would replay, oldest first. */
  readonly logs: readonly number[]
}

/** What the manifest says, its tables found to be there. The caller holds the lock. */
export function readContent(storage: Storage, folder: string): FolderContent {
  const manifest = recoverManifest(storage, folder)!
  checkTables(storage, folder, manifest.version)
  checkSegments(storage, folder, manifest.segments)
  const options = readOptionsRecord(storage, folder)
  return { manifest, options, logs: liveLogs(storage, folder, manifest.logNumber) }
}

/** What `describeFolder` tells: the tree as text, and the numbers beside it. */
export interface FolderDescription {
  readonly content: FolderContent
  /** The logs' batches and entries, and what an open would drop of them. */
  readonly replay: ReplayReport
  readonly runs: number
  /** The tree in the text form of `version/text.ts`. */
  readonly tree: string
}

/** The state a closed database is in. `LSM_CORRUPTION` where an open would refuse. */
export function describeFolder(storage: Storage, name: string): FolderDescription {
  return withClosedFolder(storage, name, (folder) => {
    const content = readContent(storage, folder)
    const { version, lastSeq, segments } = content.manifest
    const recovery = new SegmentRecovery(storage, folder, segments, 'point-in-time')
    const replay = replayLogs(
      ...([storage, folder, content.logs, 'point-in-time', lastSeq] as const),
      () => {},
      (batch) => recovery.check(batch),
    )
    recovery.close()
    return { content, replay, runs: runCount(version), tree: printVersion(version) }
  })
}
