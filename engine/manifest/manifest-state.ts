/**
 * Owns the state that a manifest describes: the tree, and the counters that must survive with it.
 * Pure. Invariant: applying `snapshotOf(state)` to the empty state gives `state` again, so a
 * manifest may start at any point of the history.
 */

import type { Json } from '../base/json.ts'
import { tablesOf } from '../version/run.ts'
import {
  applySegmentsEdit,
  NO_SEGMENTS,
  type Segments,
  segmentsSnapshot,
} from '../version/segment-meta.ts'
import { EMPTY_VERSION, runsNewestFirst, type Version } from '../version/version.ts'
import {
  applyEdit,
  type NewRun,
  type TablePlacement,
  type VersionEdit,
} from '../version/version-edit.ts'

export interface ManifestState {
  readonly version: Version
  /** Tables now hold everything in the WALs below this number. */
  readonly logNumber: number
  /** Every file of the folder has a smaller number. */
  readonly nextFileNumber: number
  readonly nextRunId: number
  readonly lastSeq: number
  /** The strategy of the last edit, and its state after that edit. Null before the first edit. */
  readonly strategy: { readonly name: string; readonly state: Json } | null
  /** The segments of the value log. */
  readonly segments: Segments
}

/**
 * The state before the first edit. Numbers start at 1, because RocksDB takes a log or file number
 * of 0 as unset.
 */
export const EMPTY_STATE: ManifestState = {
  version: EMPTY_VERSION,
  logNumber: 0,
  nextFileNumber: 1,
  nextRunId: 1,
  lastSeq: 0,
  strategy: null,
  segments: NO_SEGMENTS,
}

/**
 * Throws (a failed assertion) if the edit does not fit the version. Counters never decrease, and
 * stay above the numbers that the edit's tables and runs use, even if the edit does not set them:
 * reusing a number or a seq would lose data.
 */
export function applyToState(state: ManifestState, edit: VersionEdit): ManifestState {
  let { logNumber, nextFileNumber, nextRunId, lastSeq } = state
  logNumber = Math.max(logNumber, edit.logNumber ?? 0)
  nextFileNumber = Math.max(nextFileNumber, edit.nextFileNumber ?? 0, logNumber)
  nextRunId = Math.max(nextRunId, edit.nextRunId ?? 0)
  lastSeq = Math.max(lastSeq, edit.lastSeq ?? 0)
  for (const { run } of edit.newRuns) nextRunId = Math.max(nextRunId, run + 1)
  for (const { table } of edit.added) {
    nextFileNumber = Math.max(nextFileNumber, table.id + 1)
    lastSeq = Math.max(lastSeq, table.seqMax)
  }
  for (const segment of [...(edit.segments?.opened ?? []), ...sealedIn(edit)]) {
    nextFileNumber = Math.max(nextFileNumber, segment + 1)
  }
  const version = applyEdit(state.version, edit)
  const segments = applySegmentsEdit(state.segments, edit.segments)
  const strategy = edit.strategy ?? state.strategy
  return { version, logNumber, nextFileNumber, nextRunId, lastSeq, strategy, segments }
}

function sealedIn({ segments }: VersionEdit): readonly number[] {
  return (segments?.sealed ?? []).map(({ segment }) => segment)
}

/** The edit that turns the empty state into `state`. */
export function snapshotOf(state: ManifestState): VersionEdit {
  const { version, strategy, segments, logNumber, nextFileNumber, nextRunId, lastSeq } = state
  const newRuns: NewRun[] = []
  const added: TablePlacement[] = []
  for (const { level, run } of runsNewestFirst(version)) {
    const newer = newRuns.at(-1)
    newRuns.push({ level, run: run.id, after: newer?.level === level ? newer.run : null })
    for (const table of tablesOf(run)) added.push({ level, run: run.id, table })
  }
  const known = segmentsSnapshot(segments)
  return {
    logNumber,
    nextFileNumber,
    nextRunId,
    lastSeq,
    ...(strategy === null ? {} : { strategy }),
    ...(known === undefined ? {} : { segments: known }),
    newRuns,
    removed: [],
    added,
  }
}
