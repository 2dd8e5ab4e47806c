/**
 * Owns reading a manifest back into its state: CURRENT names the log, and the log's edits are
 * applied in order. Invariant: the returned state is the one after the last whole edit. Damage that
 * a sound record follows, an edit that does not fit, or an incomplete snapshot is `LSM_CORRUPTION`
 * with path and offset; recovery never guesses.
 *
 * Only the last append may be damaged; it is then dropped. A crash while it was written causes such
 * damage, and it was never acknowledged.
 */

import { AssertionError } from '../base/assert.ts'
import { corruption, isLsmError, LsmError } from '../base/errors.ts'
import { hasMagic } from '../storage/encryption/frame-format.ts'
import { type FileTag, joinPath, type Storage } from '../storage/storage.ts'
import { checkRun } from '../version/run.ts'
import type { TableId } from '../version/table-meta.ts'
import { runsNewestFirst } from '../version/version.ts'
import type { TablePlacement, VersionEdit } from '../version/version-edit.ts'
import { type LogEnd, LogReader } from '../wal/log-reader.ts'
import { CURRENT, FILE_NUMBER_MAX, numberAbove, parseName } from './file-names.ts'
import { applyToState, EMPTY_STATE, type ManifestState } from './manifest-state.ts'
import { COMPARATOR_NAME, decodeVersionEdit, type StoredEdit } from './version-edit-codec.ts'

const RECOVERY_TAG: FileTag = { cause: 'recovery', level: -1 }

export interface RecoveredManifest extends ManifestState {
  /** Path of the manifest that was read. */
  readonly path: string
  /** How the log ended. `damage` describes an edit that a crash tore; it was dropped. */
  readonly end: LogEnd
  /** The newest write if the database was closed; null after a crash. */
  readonly loggedSeq: number | null
}

/**
 * The state in which `folder` was left, or null if it has no CURRENT and so holds no database. The
 * next file number is above every number in the folder, including files that no edit mentions and
 * folders that are named like files.
 */
export function recoverManifest(storage: Storage, folder: string): RecoveredManifest | null {
  const names = storage.list(folder)
  if (!names.includes(CURRENT)) return null
  const path = joinPath(folder, currentManifest(storage, folder, names))
  const { state, end, loggedSeq } = replay(storage.readAll(path, RECOVERY_TAG), path)
  for (const { run } of runsNewestFirst(state.version)) {
    asCorruption(path, end.validBytes, () => checkRun(run))
  }
  if (state.nextFileNumber > FILE_NUMBER_MAX) {
    throw corruption(`next file number ${state.nextFileNumber}`, { path, offset: end.validBytes })
  }
  const taken = [...names, ...storage.list(folder, 'folders')]
  const nextFileNumber = numberAbove(folder, taken, state.nextFileNumber)
  return { ...state, nextFileNumber, path, end, loggedSeq }
}

function currentManifest(storage: Storage, folder: string, names: readonly string[]): string {
  const path = joinPath(folder, CURRENT)
  const bytes = storage.readAll(path, RECOVERY_TAG)
  if (hasMagic(bytes)) {
    const message = `${path}: the folder is encrypted: open it with its key`
    throw new LsmError('LSM_WRONG_KEY', message, { data: { path } })
  }
  const text = new TextDecoder().decode(bytes)
  const name = text.slice(0, -1)
  if (!text.endsWith('\n') || parseName(name)?.kind !== 'manifest') {
    throw corruption('CURRENT does not name a manifest', { path, offset: 0, actual: text })
  }
  if (!names.includes(name)) {
    throw corruption(`names ${name}, which is missing`, { path, offset: 0, expected: name })
  }
  return name
}

function replay(
  bytes: Uint8Array,
  path: string,
): { state: ManifestState } & Pick<RecoveredManifest, 'end' | 'loggedSeq'> {
  const reader = new LogReader(bytes, path)
  const live = new Map<TableId, TablePlacement>()
  let state: ManifestState | null = null
  let loggedSeq: number | null = null
  while (reader.next()) {
    const { record, recordOffset } = reader
    state = asCorruption(path, recordOffset, () => {
      const stored = decodeVersionEdit(record, 'version edit')
      if (state === null) checkComparator(stored, path, recordOffset)
      else checkFollows(stored, state, path, recordOffset)
      loggedSeq = stored.loggedSeq ?? null
      return applyToState(state ?? EMPTY_STATE, resolve(stored, live, path, recordOffset))
    })
  }
  const end = reader.end!
  if (state === null || end.damage?.inLastAppend === false) {
    const { reason, offset } = end.damage ?? { reason: 'empty manifest', offset: 0 }
    throw corruption(reason, { path, offset, bytesDropped: end.bytesDropped })
  }
  return { state, end, loggedSeq }
}

function checkComparator(first: StoredEdit, path: string, offset: number): void {
  if (first.comparator === COMPARATOR_NAME) return
  const where = { path, offset, expected: COMPARATOR_NAME, actual: first.comparator ?? null }
  throw corruption(`comparator is ${first.comparator ?? 'not named'}`, where)
}

/**
 * Checks that no edit before this one is missing. Run ids are used without a gap, and the newest
 * write grows only when a new log number supersedes a log.
 */
function checkFollows(
  { newRuns, lastSeq = 0, logNumber }: StoredEdit,
  state: ManifestState,
  path: string,
  offset: number,
): void {
  let expected = state.nextRunId
  for (const { run } of newRuns) {
    if (run === expected++) continue
    const message = `run ${run} where run ${expected - 1} is expected: an earlier edit is missing`
    throw corruption(message, { path, offset, expected: expected - 1, actual: run })
  }
  if (lastSeq <= state.lastSeq || logNumber !== undefined) return
  const message = `seq ${lastSeq} where seq ${state.lastSeq} is expected, without a new log: an earlier edit is missing`
  throw corruption(message, { path, offset, expected: state.lastSeq, actual: lastSeq })
}

/**
 * Fills in the metadata of removed tables, which the record leaves out, and updates `live` to the
 * state after the edit.
 */
function resolve(
  stored: StoredEdit,
  live: Map<TableId, TablePlacement>,
  path: string,
  offset: number,
): VersionEdit {
  const removed = stored.removed.map(({ level, id }) => {
    const placement = live.get(id)
    if (placement?.level !== level) {
      throw corruption(`level ${level} has no table ${id} to remove`, { path, offset, table: id })
    }
    live.delete(id)
    return placement
  })
  for (const placement of stored.added) {
    const { id } = placement.table
    if (live.has(id)) throw corruption(`table ${id} is added twice`, { path, offset, table: id })
    live.set(id, placement)
  }
  const { comparator: _, ...fields } = stored
  return { ...fields, removed }
}

/** If an edit fails its checks while it is read back, that is damage, not a bug. */
function asCorruption<Result>(path: string, offset: number, action: () => Result): Result {
  try {
    return action()
  } catch (cause) {
    if (!(cause instanceof AssertionError) && !isLsmError(cause, 'LSM_CORRUPTION')) throw cause
    if (isLsmError(cause) && cause.data.path === path) throw cause
    const message = `${path} at offset ${offset}: ${cause.message}`
    throw new LsmError('LSM_CORRUPTION', message, { data: { path, offset }, cause })
  }
}
