/**
 * Owns reading a closed database: it locks the folder and finds what an open would find, without
 * changing anything. Export, dump and verify start here. Invariant: the database is not open while
 * `read` runs, so its files do not change.
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
 * Runs `read` on the resolved and locked folder. A folder without write permission cannot be
 * locked; for it the call ends with `LSM_LOCKED` if the database was opened in the meantime.
 * Errors: `LSM_NOT_FOUND` if there is no database, `LSM_LOCKED` if it is open,
 * `LSM_INVALID_ARGUMENT` for a bad storage or name.
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
  /** Null for a folder that was never opened, such as an export. */
  readonly options: OptionsRecord | null
  /** What an open would do with the logs. */
  readonly recovery: Recovery
}

/**
 * What an open would find, in `mode` or else in the mode of the folder's last open.
 * `LSM_CORRUPTION` if such an open would refuse. The caller holds the lock.
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

/** Facts about a closed database. */
export interface FolderDescription {
  readonly content: FolderContent
  readonly runs: number
  /** The tree in the text form of `version/text.ts`. */
  readonly tree: string
}

/** Describes a closed database. `LSM_CORRUPTION` if a point-in-time open would refuse. */
export function describeFolder(storage: Storage, name: string): FolderDescription {
  return withClosedFolder(storage, name, (folder) => {
    const content = readContent(storage, folder, 'point-in-time')
    const { version } = content.manifest
    return { content, runs: runCount(version), tree: printVersion(version) }
  })
}
