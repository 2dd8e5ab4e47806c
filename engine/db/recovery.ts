/**
 * Owns what stands between a folder and an open tree: the manifest's version, the tables it names,
 * and the logs not yet superseded. Invariant: after recovery the memtable holds exactly the intact
 * prefix of what was logged since the last flush, and the folder holds no file nothing refers to.
 */

import { corruption, type LsmError } from '../base/errors.ts'
import { numberAbove, parseName, tableName, walName } from '../manifest/file-names.ts'
import { EMPTY_STATE, type ManifestState } from '../manifest/manifest-state.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import { LogReader, type LogRecoveryMode } from '../wal/log-reader.ts'
import { WriteBatch } from '../wal/write-batch.ts'

export interface ReplayReport {
  readonly logs: number
  readonly batches: number
  readonly entries: number
  readonly bytesDropped: number
  readonly damage: string | null
}

/** Every table of the version must be there with its size: `LSM_CORRUPTION` otherwise. */
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
 * The state of a folder without CURRENT. It is new only if it holds no tables, segments or logs: those come
 * after CURRENT, so the manifest has been lost, and starting afresh would lose them too.
 */
export function freshState(storage: Storage, folder: string): ManifestState {
  const names = storage.list(folder)
  const data = ['table', 'segment', 'wal']
  const orphan = names.find((name) => data.includes(parseName(name)?.kind ?? ''))
  if (orphan !== undefined) {
    const path = joinPath(folder, orphan)
    throw corruption('data without a CURRENT file: the manifest is gone', { path })
  }
  return { ...EMPTY_STATE, nextFileNumber: numberAbove(names, EMPTY_STATE.nextFileNumber) }
}

/** Removes tables and segments of failed jobs, and logs that tables supersede. */
export function removeOrphans(
  storage: Storage,
  folder: string,
  { version, logNumber, segments }: ManifestState,
): void {
  const live = new Set<number>()
  for (const { run } of runsNewestFirst(version)) {
    for (const table of tablesOf(run)) live.add(table.id)
  }
  for (const name of storage.list(folder)) {
    const parsed = parseName(name)
    const orphaned =
      (parsed?.kind === 'table' && !live.has(parsed.number)) ||
      (parsed?.kind === 'segment' && !segments.has(parsed.number)) ||
      (parsed?.kind === 'wal' && parsed.number < logNumber) ||
      parsed?.kind === 'temporary'
    if (orphaned) storage.remove(joinPath(folder, name))
  }
}

/** Numbers of the logs to replay, in the order they were written. */
export function liveLogs(storage: Storage, folder: string, logNumber: number): readonly number[] {
  return storage
    .list(folder)
    .map(parseName)
    .flatMap((name) => (name?.kind === 'wal' && name.number >= logNumber ? [name.number] : []))
    .sort((a, b) => a - b)
}

/**
 * Feeds the batches of the logs to `apply`, oldest first, each `check`ed before: at the first that does
 * not pass, one that points to a value that is not there, replay ends for good. After other damage replay goes on only with a
 * log that continues the sequence without a gap, as a later log can survive an earlier one's tail.
 */
export function replayLogs(
  storage: Storage,
  folder: string,
  logs: readonly number[],
  mode: LogRecoveryMode,
  lastSeq: number,
  apply: (batch: WriteBatch) => void,
  check: (batch: WriteBatch) => LsmError | null = () => null,
): ReplayReport {
  let batches = 0
  let entries = 0
  let bytesDropped = 0
  let damage: string | null = null
  let nextSeq = lastSeq + 1
  for (const number of logs) {
    const path = joinPath(folder, walName(number))
    const bytes = storage.readAll(path, { cause: 'recovery', level: -1 })
    const reader = new LogReader(bytes, path, mode)
    while (reader.next()) {
      const batch = WriteBatch.from(reader.record, path)
      const leavesGap = damage !== null && batch.seq !== nextSeq
      const fault = leavesGap ? null : check(batch)
      if (leavesGap || fault !== null) {
        bytesDropped += bytes.length - reader.recordOffset
        damage ??= fault?.message ?? null
        return { logs: logs.length, batches, entries, bytesDropped, damage }
      }
      nextSeq = batch.seq + batch.count
      apply(batch)
      batches++
      entries += batch.count
    }
    const { end } = reader
    if (end !== null && end.damage !== null) {
      bytesDropped += end.bytesDropped
      damage ??= `${path} at offset ${end.damage.offset}: ${end.damage.reason}`
    }
  }
  return { logs: logs.length, batches, entries, bytesDropped, damage }
}
