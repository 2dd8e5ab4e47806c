/**
 * Owns what an open makes of a folder: the tables and logs that the manifest names must exist, and
 * the logs must continue the manifest. The examination only reads, so that an open can refuse
 * before it has changed anything, and verify reports what an open would.
 *
 * Invariant: the recovered writes are a prefix of all writes, unless the mode skips damage. If
 * writes are missing and no crash explains it, the files that may hold them are reported and kept.
 */

import { corruption, type LsmError } from '../base/errors.ts'
import {
  lostName,
  nameOfLost,
  numberAbove,
  parseName,
  segmentName,
  tableName,
  temporaryName,
  walName,
} from '../manifest/file-names.ts'
import { EMPTY_STATE, type ManifestState } from '../manifest/manifest-state.ts'
import type { RecoveredManifest } from '../manifest/recover.ts'
import { copyFile, linkOrCopy } from '../storage/copies.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import type { LogRecoveryMode } from '../wal/log-reader.ts'
import type { LostWrites, ReplayReport } from './events.ts'
import { type Replay, readLogs } from './log-replay.ts'
import { findOrphans, newestSeqIn, type Orphan } from './orphans.ts'
import { SegmentRecovery } from './values/segment-recovery.ts'

/** The result of the examination. */
export interface Recovery {
  readonly replay: Replay
  readonly segments: SegmentRecovery
  readonly report: ReplayReport
  /** Files that can be removed. */
  readonly orphans: readonly string[]
  /** Orphans that may hold lost writes. */
  readonly lostOrphans: readonly string[]
  /** The reason why no mode may open the folder, or null. */
  readonly refusal: LsmError | null
}

/** Checks that every table of the version exists and has its size: `LSM_CORRUPTION` otherwise. */
export function checkTables(storage: Storage, folder: string, version: Version): void {
  const names = new Set(storage.list(folder))
  for (const { run } of runsNewestFirst(version)) {
    for (const table of tablesOf(run)) {
      const path = joinPath(folder, tableName(table.id))
      if (!names.has(tableName(table.id))) throw corruption('the table is missing', { path })
      const actual = storage.size(path)
      if (actual !== table.bytes) {
        throw corruption(`the table has ${actual} bytes, the manifest says ${table.bytes}`, {
          path,
          expected: table.bytes,
          actual,
        })
      }
    }
  }
}

/**
 * The state of a folder without CURRENT. The folder is new only if it holds no tables, segments or
 * logs. These are created after CURRENT, so if they exist the manifest was lost, and an empty
 * database would lose them too: `LSM_CORRUPTION`.
 */
export function freshState(storage: Storage, folder: string): ManifestState {
  const names = storage.list(folder)
  const data = ['table', 'segment', 'wal']
  const orphan = names.find((name) => data.includes(parseName(name)?.kind ?? ''))
  if (orphan !== undefined) {
    const path = joinPath(folder, orphan)
    throw corruption('data without a CURRENT file: the manifest is gone', { path })
  }
  const taken = [...names, ...storage.list(folder, 'folders')]
  return { ...EMPTY_STATE, nextFileNumber: numberAbove(folder, taken, EMPTY_STATE.nextFileNumber) }
}

/**
 * Examines the folder; changes nothing. `LSM_CORRUPTION` for a fault that `mode` does not allow,
 * and for a manifest that has lost edits, which no mode allows.
 */
export function planRecovery(
  storage: Storage,
  folder: string,
  state: ManifestState,
  mode: LogRecoveryMode,
): Recovery {
  const recovery = examineRecovery(storage, folder, state, mode)
  if (recovery.refusal !== null) throw recovery.refusal
  return recovery
}

/** As `planRecovery`, but returns the reason that no mode allows instead of throwing it. */
export function examineRecovery(
  storage: Storage,
  folder: string,
  state: ManifestState,
  mode: LogRecoveryMode,
): Recovery {
  const segments = new SegmentRecovery(storage, folder, state.segments)
  try {
    const orphans = findOrphans(storage, folder, state)
    const replay = readLogs(storage, folder, state, mode, segments, orphans)
    const isDamaged = replay.missedSeq !== null || replay.faults.some(({ isCrash }) => !isCrash)
    const holding = isDamaged ? holdingLater(storage, folder, orphans, replay.lastSeq) : []
    const lost = isDamaged ? lostWrites(replay, segments, holding) : null
    const lostOrphans = holding.map(({ name }) => name)
    return {
      replay,
      segments,
      report: {
        logs: replay.logs.length,
        batches: replay.batches.length,
        entries: replay.entries,
        bytesDropped: replay.bytesDropped,
        damage: replay.faults[0]?.error.message ?? null,
        lost,
      },
      orphans: orphans.map(({ name }) => name).filter((name) => !lostOrphans.includes(name)),
      lostOrphans,
      refusal: refusalOf(folder, state, replay, holding),
    }
  } finally {
    segments.close()
  }
}

/** An orphan that may hold writes newer than those brought back. */
interface HoldingOrphan extends Orphan {
  /** The newest sequence number in it; null if it cannot be read or holds no numbers. */
  readonly newestSeq: number | null
}

function holdingLater(
  storage: Storage,
  folder: string,
  orphans: readonly Orphan[],
  lastSeq: number,
): readonly HoldingOrphan[] {
  return orphans.flatMap((orphan): HoldingOrphan[] => {
    const { kind, name, number } = orphan
    // Records of a segment carry no sequence number.
    if (kind === 'segment') return [{ ...orphan, newestSeq: null }]
    if (kind !== 'table') return []
    const newestSeq = newestSeqIn(storage, joinPath(folder, name), number)
    return newestSeq !== null && newestSeq <= lastSeq ? [] : [{ ...orphan, newestSeq }]
  })
}

/** The lost writes, or null if the logs continue after the damage without a gap. */
function lostWrites(
  replay: Replay,
  segments: SegmentRecovery,
  holding: readonly HoldingOrphan[],
): LostWrites | null {
  const { unreplayed, batches, lastSeq, lastSeqSeen, missedSeq, gaps } = replay
  const isUnbroken = missedSeq === null && gaps.length === 0
  const isWhole = unreplayed.length === 0 && holding.length === 0 && isUnbroken
  if (isWhole && batches.length > 0) return null
  const newest = holding.reduce(
    (most, { newestSeq }) => Math.max(most, newestSeq ?? 0),
    lastSeqSeen,
  )
  const names = [
    ...holding.map(({ name }) => name),
    ...unreplayed.map(walName),
    // Lost batches may point into these segments, and recovery removes segments without pointers.
    ...segments.opened.map(segmentName),
  ]
  const files = names.map(lostName)
  const [firstGap] = gaps
  if (firstGap !== undefined) return { seqFrom: firstGap.from, seqTo: gaps.at(-1)!.to, files }
  return { seqFrom: lastSeq + 1, seqTo: newest > lastSeq ? newest : null, files }
}

/**
 * A manifest has lost edits if its log is missing, or later logs do not continue it, while tables
 * that it does not name hold the writes between. Opening such a folder would undo durable writes.
 */
function refusalOf(
  folder: string,
  state: ManifestState,
  { continuesManifest, batches }: Replay,
  holding: readonly HoldingOrphan[],
): LsmError | null {
  const tables = holding.filter(({ newestSeq }) => newestSeq !== null)
  if (continuesManifest || batches.length > 0 || tables.length === 0) return null
  const names = tables.map(({ name }) => name).join(', ')
  const { path, end } = state as Partial<RecoveredManifest>
  const message =
    `the manifest has lost its last edits: it ends at seq ${state.lastSeq}, and ${names} ` +
    'hold later writes (move these away to open the state before them)'
  const where = { path: path ?? folder, offset: end?.validBytes ?? 0, tables: names }
  return corruption(message, where)
}

/** Removes the orphans that hold no lost writes. */
export function clearOrphans(storage: Storage, folder: string, { orphans }: Recovery): void {
  for (const name of orphans) storage.remove(joinPath(folder, name))
}

/**
 * Gives second names to the files that may hold lost writes, durably. This happens before any of
 * them is cut or superseded, so that if this open fails later, the next one finds and reports the
 * same.
 */
export function keepLost(
  storage: Storage,
  folder: string,
  { report, segments }: Recovery,
  allocate: () => number,
): void {
  const there = new Set(storage.list(folder))
  const growing = new Set(segments.unfinished.map(segmentName))
  const names = (report.lost?.files ?? [])
    .map(nameOfLost)
    .filter((name) => !there.has(lostName(name)))
  for (const name of names) {
    const from = joinPath(folder, name)
    const temporary = joinPath(folder, temporaryName(allocate()))
    // A file that will be cut or sealed needs a copy: a link would share its bytes.
    if (growing.has(name)) copyFile(storage, from, temporary, storage.size(from))
    else linkOrCopy(storage, from, temporary)
    storage.rename(temporary, joinPath(folder, lostName(name)))
  }
  if (names.length > 0) storage.syncFolder(folder)
}

/** Removes the logs, whose entries are in tables now, and the orphans that have second names. */
export function clearReplayed(storage: Storage, folder: string, recovery: Recovery): void {
  const logs = recovery.replay.logs.map(walName)
  for (const name of [...logs, ...recovery.lostOrphans]) storage.remove(joinPath(folder, name))
}
