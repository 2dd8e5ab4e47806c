/**
 * Owns the check of a closed database: every checksum of its manifest, logs, tables and value log,
 * and that they agree with each other. It continues after a fault, so that one run reports all
 * faults. It also reports what an open would drop without an error, such as a write torn by a
 * crash.
 */

import { corruption, isLsmError, type LsmError } from '../../base/errors.ts'
import { segmentName, tableName } from '../../manifest/file-names.ts'
import { type RecoveredManifest, recoverManifest } from '../../manifest/recover.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { verifyTable } from '../../table/verify-table.ts'
import { tablesOf } from '../../version/run.ts'
import type { SegmentMeta } from '../../version/segment-meta.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import { runsNewestFirst } from '../../version/version.ts'
import { SegmentWalk } from '../../vlog/segment-walk.ts'
import { readOptionsRecord } from '../options-record.ts'
import { examineRecovery } from '../recovery.ts'
import { withClosedFolder } from './closed-folder.ts'
import { NewestEntries } from './newest-entries.ts'
import { PointerCheck } from './pointer-check.ts'

/** What a verify read, and the faults it found. */
export interface VerifyReport {
  readonly tables: number
  readonly tableBytes: number
  /** Segments of the value log, including spent ones. */
  readonly segments: number
  readonly logs: number
  readonly batches: number
  /** The first fault of each damaged file; `data.path` and `data.offset` say where. */
  readonly faults: readonly LsmError[]
}

/**
 * Checks everything. Errors: as `withClosedFolder`. If the manifest cannot be read, the tables are
 * unknown, and only that fault is reported.
 */
export function verifyDatabase(storage: Storage, name: string): VerifyReport {
  return withClosedFolder(storage, name, (folder) => verifyFolder(storage, folder))
}

/** As `verifyDatabase`, for a resolved folder that the caller has locked. */
export function verifyFolder(storage: Storage, folder: string): VerifyReport {
  const faults: LsmError[] = []
  const note = (fault: LsmError) => {
    if (!faults.some(({ data }) => data.path === fault.data.path)) faults.push(fault)
  }
  const check = <Result>(action: () => Result): Result | null => {
    try {
      return action()
    } catch (error) {
      if (!isLsmError(error)) throw error
      note(error)
      return null
    }
  }
  check(() => readOptionsRecord(storage, folder))
  const manifest = check(() => recoverManifest(storage, folder))
  if (manifest === null) {
    return { tables: 0, tableBytes: 0, segments: 0, logs: 0, batches: 0, faults }
  }
  check(() => checkManifestEnd(manifest))
  const { version, segments } = manifest
  for (const meta of segments.values()) check(() => checkSegment(storage, folder, meta))
  const recovery = check(() => examineRecovery(storage, folder, manifest, 'point-in-time'))
  const newest = new NewestEntries(storage, folder, version, recovery?.replay.batches ?? [])
  const pointers = new PointerCheck(storage, folder, segments, newest)
  for (const { level, run } of runsNewestFirst(version)) {
    for (const table of tablesOf(run)) {
      check(() => checkTable(storage, folder, level, table, pointers))
    }
  }
  pointers.close()
  newest.close()
  for (const { error } of recovery?.replay.faults ?? []) note(error)
  if (recovery !== null && recovery.refusal !== null) note(recovery.refusal)
  const { tables, bytes } = version.totals
  const { logs, batches } = recovery?.report ?? { logs: 0, batches: 0 }
  return { tables, tableBytes: bytes, segments: segments.size, logs, batches, faults }
}

function checkManifestEnd({ path, end }: RecoveredManifest): void {
  if (end.damage === null) return
  const { reason, offset } = end.damage
  throw corruption(`${reason}: the last edit, ${end.bytesDropped} bytes`, { path, offset })
}

function checkTable(
  storage: Storage,
  folder: string,
  level: number,
  table: TableMeta,
  pointers: PointerCheck,
): void {
  const path = joinPath(folder, tableName(table.id))
  const file = storage.open(path, { cause: 'verify', level })
  try {
    pointers.begin()
    verifyTable(file, table, (key, pointer, at) => pointers.check(key, pointer, path, at))
    pointers.compare(table, path)
  } finally {
    file.close()
  }
}

/**
 * Checks every record of a segment, and the sums in the manifest. A spent segment may be a stub. A
 * segment that a crash left open has neither a footer nor sums.
 */
function checkSegment(storage: Storage, folder: string, meta: SegmentMeta): void {
  const { segment, state, records, recordBytes } = meta
  const path = joinPath(folder, segmentName(segment))
  const file = storage.open(path, { cause: 'verify', level: -1 })
  try {
    const walk = new SegmentWalk(file)
    while (walk.next());
    const damage = walk.damage()
    if (damage !== null) throw damage
    const { end } = walk
    if (state === 'open') return
    if (!end!.hasFooter) throw corruption('the segment has no footer', { path, offset: file.bytes })
    const isStub = state === 'spent' && end!.records === 0
    if (isStub || (end!.records === records && end!.recordBytes === recordBytes)) return
    const found = `${end!.records} records of ${end!.recordBytes} bytes`
    const message = `${found}, the manifest says ${records} of ${recordBytes}`
    throw corruption(message, { path, offset: end!.validBytes })
  } finally {
    file.close()
  }
}
