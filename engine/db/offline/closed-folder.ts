/**
 * Owns the look at a database that nobody has open: what an open would find, read under the
 * folder's lock and changed in nothing. Export, dump and verify all start here. Invariant: no
 * database object exists for the folder while `read` runs, so its files stand still.
 */

import { LsmError } from '../../base/errors.ts'
import { CURRENT } from '../../manifest/file-names.ts'
import { type RecoveredManifest, recoverManifest } from '../../manifest/recover.ts'
import type { Storage } from '../../storage/storage.ts'
import { printVersion } from '../../version/text.ts'
import { runCount } from '../../version/version.ts'
import type { LogRecoveryMode } from '../../wal/log-reader.ts'
import { checkPlace } from '../open-options.ts'
import { type OptionsRecord, readOptionsRecord } from '../options-record.ts'
import { checkTables, planRecovery, type Recovery } from '../recovery.ts'
import { checkSegments } from '../values/segment-recovery.ts'

/**
 * Runs `read` on the folder, resolved and locked; one that may only be read is not locked, and is
 * `LSM_LOCKED` if it was opened meanwhile. Errors: `LSM_NOT_FOUND` where there is no database,
 * `LSM_LOCKED` where it is open, `LSM_INVALID_ARGUMENT` where an argument is not a storage or a
 * name.
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
  const lock = storage.lock(folder, 'read')
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
  /** What an open would make of the logs. */
  readonly recovery: Recovery
}

/**
 * What an open would find, in the mode given or else in the one the folder was opened with last.
 * `LSM_CORRUPTION` where that open would refuse. The caller holds the lock.
 */
export function readContent(
  storage: Storage,
  folder: string,
  mode?: LogRecoveryMode,
): FolderContent {
  const manifest = recoverManifest(storage, folder)!
  checkTables(storage, folder, manifest.version)
  checkSegments(storage, folder, manifest.segments)
  const options = readOptionsRecord(storage, folder)
  const usedMode = mode ?? options?.engine.walRecovery ?? 'point-in-time'
  return { manifest, options, recovery: planRecovery(storage, folder, manifest, usedMode) }
}

/** What `describeFolder` tells: the tree as text, and the numbers beside it. */
export interface FolderDescription {
  readonly content: FolderContent
  readonly runs: number
  /** The tree in the text form of `version/text.ts`. */
  readonly tree: string
}

/**
 * The state a closed database is in. `LSM_CORRUPTION` where an open at a point in time would
 * refuse.
 */
export function describeFolder(storage: Storage, name: string): FolderDescription {
  return withClosedFolder(storage, name, (folder) => {
    const content = readContent(storage, folder, 'point-in-time')
    const { version } = content.manifest
    return { content, runs: runCount(version), tree: printVersion(version) }
  })
}
