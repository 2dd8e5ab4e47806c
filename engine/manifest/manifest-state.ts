/**
 * Owns what a manifest amounts to: the tree and the counters that must survive with it. Pure.
 * Invariant: applying `snapshotOf(state)` to the empty state gives `state` again, so a manifest may
 * begin anywhere in history.
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
  /** All WALs numbered below this are superseded by tables. */
  readonly logNumber: number
  /** No file of the folder has this number or a greater one. */
  readonly nextFileNumber: number
  readonly nextRunId: number
  readonly lastSeq: number
  /** Who made the last edit, and the state after it; null before the first. */
  readonly strategy: { readonly name: string; readonly state: Json } | null
  /** The value log's. */
  readonly segments: Segments
}

/** Before the first edit. Numbers start at 1: RocksDB takes a log or file number of 0 as unset. */
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
 * Throws (a failed assertion) when the edit does not fit the version. Counters never go back and
 * stay above what the edit's tables and runs use, whether it says so or not: a number or a seq used
 * twice would lose data.
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

/** The edit that makes `state` out of the empty state. */
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
