/**
 * Owns the search for everything that a repair can use: tables, logs and segments, read without the
 * manifest, and what of them cannot be read. It changes nothing.
 *
 * Invariant: nothing that was found is newer than its sequence number says, so the newest version
 * of a key that can be read wins, whatever file it is in.
 */

import { isLsmError } from '../../base/errors.ts'
import { RangeDeletions } from '../../base/range-deletions.ts'
import { type FileKind, parseName, tableName, walName } from '../../manifest/file-names.ts'
import { type RecoveredManifest, recoverManifest } from '../../manifest/recover.ts'
import { MemTable } from '../../memtable/memtable.ts'
import { joinPath, type ReadableFile, type Storage } from '../../storage/storage.ts'
import {
  isDamage,
  type KeySpan,
  readablePart,
  type UnreadableBlock,
} from '../../table/readable-part.ts'
import { tablesOf } from '../../version/run.ts'
import type { SealedSegment } from '../../version/segment-meta.ts'
import { NO_FILTER, type TableMeta } from '../../version/table-meta.ts'
import { runsNewestFirst } from '../../version/version.ts'
import { type SegmentEnd, SegmentWalk } from '../../vlog/segment-walk.ts'
import { LogReader } from '../../wal/log-reader.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { MemTableInserter } from '../memtable-inserter.ts'
import { checkTables, examineRecovery } from '../recovery.ts'
import { checkSegments } from '../values/segment-recovery.ts'

/** Something that a repair cannot bring back. */
export interface Loss {
  /** Name of the file. */
  readonly file: string
  readonly what: string
  /** Null where it is unknown. */
  readonly bytes: number | null
  /** Number of values; null where it is unknown. */
  readonly entries: number | null
  /** Where the user keys lie; null where it is unknown. */
  readonly keys: KeySpan | null
}

/** A table with entries that can be read. */
export interface SourceTable {
  readonly meta: TableMeta
  readonly path: string
  readonly unreadable: readonly UnreadableBlock[]
}

export interface RepairSources {
  readonly tables: readonly SourceTable[]
  /** One for each log with entries. */
  readonly memtables: readonly MemTable[]
  readonly rangeDeletions: RangeDeletions
  /** Segments that are whole: they can stay as they are. */
  readonly sealed: ReadonlyMap<number, SealedSegment>
  /** Segments without a footer, or with damage. Values in them can be read by their pointers. */
  readonly unsealed: readonly number[]
  readonly lost: readonly Loss[]
  readonly lastSeq: number
  /** Numbers of tables, logs and segments that were used. */
  readonly counts: { readonly tables: number; readonly logs: number; readonly segments: number }
}

const REPAIR_TAG = { cause: 'recovery', level: -1 } as const

/** Reads the folder. Throws `LSM_WRONG_KEY` if no file can be read with the storage's key. */
export function findSources(storage: Storage, folder: string): RepairSources {
  return new SourceSearch(storage, folder).run()
}

class SourceSearch {
  readonly #storage: Storage
  readonly #folder: string
  readonly #tables: SourceTable[] = []
  readonly #memtables: MemTable[] = []
  readonly #rangeDeletions = new RangeDeletions()
  readonly #sealed = new Map<number, SealedSegment>()
  readonly #unsealed: number[] = []
  readonly #lost: Loss[] = []
  #lastSeq = 0
  #opened = 0
  /** The first file of another key. */
  #foreign: unknown = null

  constructor(storage: Storage, folder: string) {
    this.#storage = storage
    this.#folder = folder
  }

  run(): RepairSources {
    const manifest = wholeManifest(this.#storage, this.#folder)
    const known = manifest === null ? null : liveFiles(this.#storage, this.#folder, manifest)
    const numbers = (kind: FileKind) =>
      this.#storage
        .list(this.#folder)
        .flatMap((name) => {
          const parsed = parseName(name)
          return parsed?.kind === kind ? [{ name, number: parsed.number }] : []
        })
        .filter(({ number }) => known === null || known.isLive(kind, number))
        .sort((a, b) => a.number - b.number)
    if (manifest !== null)
      this.#lost.push(...missingFiles(this.#storage.list(this.#folder), manifest))
    const tables = numbers('table')
    const logs = numbers('wal')
    const segments = numbers('segment')
    for (const { name, number } of tables) this.#attempt(name, (file) => this.#table(file, number))
    for (const { name } of logs) this.#attempt(name, (file) => this.#log(name, file))
    for (const { name, number } of segments) {
      this.#attempt(name, (file) => this.#segment(name, number, file))
    }
    if (this.#opened === 0 && this.#foreign !== null) throw this.#foreign
    const counts = { tables: tables.length, logs: logs.length, segments: segments.length }
    return {
      tables: this.#tables,
      memtables: this.#memtables,
      rangeDeletions: this.#rangeDeletions,
      sealed: this.#sealed,
      unsealed: this.#unsealed,
      lost: this.#lost,
      lastSeq: this.#lastSeq,
      counts,
    }
  }

  /** Reads a file. One that cannot be read at all is lost. */
  #attempt(name: string, read: (file: ReadableFile) => void): void {
    const path = joinPath(this.#folder, name)
    let bytes: number | null = null
    try {
      const file = this.#storage.open(path, REPAIR_TAG)
      bytes = file.bytes
      try {
        read(file)
      } finally {
        file.close()
      }
      this.#opened++
    } catch (error) {
      const isForeign = isLsmError(error, 'LSM_WRONG_KEY')
      if (!isForeign && !isDamage(error)) throw error
      if (isForeign) this.#foreign ??= error
      else this.#opened++
      const what = `unreadable: ${(error as Error).message}`
      this.#lose({ file: name, what, bytes, entries: null, keys: null })
    }
  }

  #lose(loss: Loss): void {
    this.#lost.push(loss)
  }

  #table(file: ReadableFile, id: number): void {
    const { path } = file
    const part = readablePart(file)
    const { range, entries, seqMax, unreadable, rangeDeletions } = part
    this.#lastSeq = Math.max(this.#lastSeq, seqMax)
    if (rangeDeletions !== null) this.#rangeDeletions.addAll(rangeDeletions)
    for (const { offset, bytes, what, reason, keys } of unreadable) {
      const lost = `${what} at offset ${offset}: ${reason}`
      this.#lose({ file: fileName(path), what: lost, bytes, entries: null, keys })
    }
    if (range === null) return
    const meta = metaOf(id, file.bytes, entries, seqMax, range)
    this.#tables.push({ meta, path, unreadable })
  }

  /** Batches have their own sequence numbers, so a missing one does not end the log. */
  #log(name: string, file: ReadableFile): void {
    if (file.bytes === 0) return
    const bytes = readPieces(file)
    const reader = new LogReader(bytes, file.path, 'skip-any-corrupted')
    const head = { memtable: new MemTable({ capacityBytes: bytes.length, seed: 0 }), lastSeq: 0 }
    const inserter = new MemTableInserter(head)
    while (reader.next()) {
      const { record, recordOffset } = reader
      try {
        const batch = WriteBatch.from(record, 'write batch')
        if (batch.seq <= head.lastSeq) continue
        head.lastSeq = batch.seq - 1
        inserter.insert(batch, 0)
      } catch (error) {
        if (!isDamage(error)) throw error
        const what = `a record at offset ${recordOffset}: ${(error as Error).message}`
        this.#lose({ file: name, what, bytes: record.length, entries: null, keys: null })
      }
    }
    const { damage, bytesDropped } = reader.end!
    if (damage !== null) {
      const isTorn = damage.inLastAppend ? ', perhaps a write that a crash tore' : ''
      const what = `records from offset ${damage.offset} on: ${damage.reason}${isTorn}`
      this.#lose({ file: name, what, bytes: bytesDropped, entries: null, keys: null })
    }
    const { memtable } = head
    this.#lastSeq = Math.max(this.#lastSeq, memtable.seqMax)
    if (memtable.isEmpty) return
    this.#memtables.push(memtable)
    if (memtable.rangeDeletions !== null) this.#rangeDeletions.addAll(memtable.rangeDeletions)
  }

  /** Damage is no loss yet: only values that are needed are missed, when the pointers are read. */
  #segment(name: string, segment: number, file: ReadableFile): void {
    const end = segmentEnd(file)
    if (end?.damage === null && end.hasFooter) {
      const { records, recordBytes } = end
      this.#sealed.set(segment, { segment, records, recordBytes })
      return
    }
    this.#unsealed.push(segment)
    if (end !== null && end.damage === null) return
    const bytes = end === null ? null : file.bytes - end.validBytes
    const where = end === null ? '' : ` from offset ${end.validBytes} on: ${end.damage!.reason}`
    const what = `damaged${where}; values that pointers still reach are kept`
    this.#lose({ file: name, what, bytes, entries: null, keys: null })
  }
}

/** Null if a read failed. */
function segmentEnd(file: ReadableFile): SegmentEnd | null {
  const walk = new SegmentWalk(file)
  try {
    while (walk.next());
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  return walk.end
}

const PIECE_BYTES = 512

/** The whole file, with zeros in place of pieces that cannot be read. */
function readPieces(file: ReadableFile): Uint8Array {
  const bytes = new Uint8Array(file.bytes)
  try {
    file.read(bytes, bytes.length, 0, 'meta')
    return bytes
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES)
    try {
      file.read(piece, piece.length, at, 'meta')
    } catch (error) {
      if (!isDamage(error)) throw error
      piece.fill(0)
    }
  }
  return bytes
}

/** Which files the folder's manifest needs. */
interface LiveFiles {
  isLive(kind: FileKind, number: number): boolean
}

/** The folder's manifest if all of it can be read; null otherwise. */
function wholeManifest(storage: Storage, folder: string): RecoveredManifest | null {
  const manifest = unlessDamaged(() => recoverManifest(storage, folder))
  return manifest === null || manifest.end.damage !== null ? null : manifest
}

/**
 * What the manifest says, if an open would accept all of it; null otherwise. So a repair does not
 * bring back entries of tables that were replaced and are not removed yet, also when it is run
 * again after a crash at its end.
 */
function liveFiles(
  storage: Storage,
  folder: string,
  manifest: RecoveredManifest,
): LiveFiles | null {
  return unlessDamaged(() => {
    checkTables(storage, folder, manifest.version)
    checkSegments(storage, folder, manifest.segments)
    const { refusal, replay } = examineRecovery(storage, folder, manifest, 'point-in-time')
    if (refusal !== null || replay.faults.some(({ isCrash }) => !isCrash)) return null
    const { version, segments, logNumber } = manifest
    const tables = new Set<number>()
    for (const { run } of runsNewestFirst(version)) {
      for (const { id } of tablesOf(run)) tables.add(id)
    }
    return {
      isLive(kind, number) {
        if (kind === 'table') return tables.has(number)
        return kind === 'segment' ? segments.has(number) : number >= logNumber
      },
    }
  })
}

/** What `read` returns; null if it finds damage or a file of another key. */
function unlessDamaged<Found>(read: () => Found): Found | null {
  try {
    return read()
  } catch (error) {
    if (!isDamage(error) && !isLsmError(error, 'LSM_WRONG_KEY')) throw error
    return null
  }
}

/**
 * Tables and logs that the manifest names and that are not there. Nothing of them can be brought
 * back. Values in missing segments are missed when their pointers are read.
 */
function missingFiles(
  names: readonly string[],
  { version, logNumber }: RecoveredManifest,
): readonly Loss[] {
  const tables = runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
  const losses = tables.map((table): Loss => {
    const { id, bytes, entries, smallest, largest } = table
    const keys = { from: smallest, to: largest }
    return { file: tableName(id), what: 'the table is missing', bytes, entries, keys }
  })
  const log = { file: walName(logNumber), what: 'the log is missing' }
  losses.push({ ...log, bytes: null, entries: null, keys: null })
  return losses.filter(({ file }) => !names.includes(file))
}

/** Only what a merge of these entries needs. */
function metaOf(
  id: number,
  bytes: number,
  entries: number,
  seqMax: number,
  { smallest, largest }: { readonly smallest: Uint8Array; readonly largest: Uint8Array },
): TableMeta {
  return {
    id,
    bytes,
    smallest,
    largest,
    entries,
    tombstones: 0,
    rangeDeletions: 0,
    rawKeyBytes: 0,
    rawValueBytes: 0,
    seqMin: 0,
    seqMax,
    createdAtMs: 0,
    oldestWriteAtMs: 0,
    oldestTombstoneAtMs: null,
    filter: NO_FILTER,
    vlogBytes: [],
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
