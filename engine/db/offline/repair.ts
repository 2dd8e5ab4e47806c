/**
 * Owns the repair of a closed folder whose manifest is lost or damaged, or whose files are: after
 * RocksDB's `RepairDB` (`db/repair.cc`). Everything that can be read of its tables, logs and value
 * log becomes one sorted run of level 0 under a new manifest:
 *
 *   1. read every file, without the manifest                       (`repair-sources.ts`)
 *   2. merge all versions into new tables, under temporary names   (`repair-merge.ts`)
 *   3. give every file that is replaced a second name in `lost/`
 *   4. name the new segments, then the new tables
 *   5. write the new manifest and make it the current one
 *   6. remove the first names of the replaced files
 *
 * Invariant: nothing is deleted. Until step 5 is durable all old files are where they were, and a
 * repair that is run again finds the same. After it the folder opens, and `lost/` has the old
 * files.
 */

import { checkFlag, checkOptions } from '../../base/arguments.ts'
import { systemClock } from '../../base/clock.ts'
import { LsmError } from '../../base/errors.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import { TableOutputs } from '../../compaction/table-outputs.ts'
import {
  CURRENT,
  numberAbove,
  parseName,
  segmentName,
  tableName,
  temporaryName,
  walName,
} from '../../manifest/file-names.ts'
import { FileNumbers } from '../../manifest/file-numbers.ts'
import { Manifest } from '../../manifest/manifest.ts'
import { linkOrCopy } from '../../storage/copies.ts'
import { isEncrypted } from '../../storage/encryption/passphrase-key.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { isDamage } from '../../table/readable-part.ts'
import { TableWriter } from '../../table/table-writer.ts'
import { levelOf } from '../../version/level.ts'
import { runOf } from '../../version/run.ts'
import type { SealedSegment, SegmentMeta } from '../../version/segment-meta.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import { EMPTY_VERSION, versionOf } from '../../version/version.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import { writeLog } from '../folder-pair.ts'
import { checkPlace } from '../open-options.ts'
import { type EngineOptions, parseEngineOptions } from '../options.ts'
import { OPTIONS_RECORD, readOptionsRecord } from '../options-record.ts'
import { SegmentAppender } from '../values/segment-appender.ts'
import { ValueMover } from '../values/value-mover.ts'
import { mergeSources, RepairValues } from './repair-merge.ts'
import { findSources, type Loss, type RepairSources } from './repair-sources.ts'
import { verifyFolder } from './verify.ts'

/** Holds the replaced files of repairs. */
export const LOST_FOLDER = 'lost'

/** How `repairDatabase` works. */
export interface RepairOptions {
  /** Lists what a repair would do, and writes nothing. Default: false. */
  readonly dryRun?: boolean
}

/** What a repair found and did. */
export interface RepairReport {
  /** The folder has no fault: nothing was done, and the other fields are empty. */
  readonly isSound: boolean
  /** Number of tables, logs and segments that were read. */
  readonly read: RepairSources['counts']
  /** Keys with a value after the repair. */
  readonly entries: number
  /** Tables after the repair, and their bytes; 0 in a dry run. */
  readonly tables: number
  readonly tableBytes: number
  /** Segments of the value log after the repair; 0 in a dry run. */
  readonly segments: number
  readonly lastSeq: number
  /** What cannot be brought back. */
  readonly lost: readonly Loss[]
  /** Names of the files that are replaced, and so moved to `lost/`. */
  readonly moved: readonly string[]
}

/** Bits per key of the filters in the new tables; merges choose others later. */
const FILTER_BITS = 10
const LEVEL = 0

/**
 * Repairs the closed folder `name`. If only its manifest is lost or damaged, it answers as before,
 * with one exception: entries of tables and logs that were replaced, and whose files were not
 * removed yet, come back where no newer version hides them. The new tables count as written now.
 *
 * Errors: `LSM_NOT_FOUND` if the folder holds no tables, logs or segments, `LSM_LOCKED` if the
 * database is open, `LSM_WRONG_KEY`, `LSM_IO`, `LSM_INVALID_ARGUMENT` for a bad argument.
 */
export function repairDatabase(
  storage: Storage,
  name: string,
  options: RepairOptions = {},
): RepairReport {
  checkPlace(storage, name)
  const { dryRun = false } = checkOptions(options, ['dryRun'], 'repair')
  checkFlag(dryRun, 'dryRun')
  const folder = storage.resolve(name)
  const kinds = storage.list(folder).map((each) => parseName(each)?.kind)
  if (!kinds.some((kind) => kind === 'table' || kind === 'wal' || kind === 'segment')) {
    const message = `${folder} holds no tables, logs or segments of a database`
    throw new LsmError('LSM_NOT_FOUND', message, { data: { path: folder } })
  }
  const lock = storage.lock(folder, dryRun ? 'read' : 'write')
  try {
    if (isEncrypted(storage, folder)) {
      const message = `${folder}: the folder is encrypted: repair it with its key`
      throw new LsmError('LSM_WRONG_KEY', message, { data: { path: folder } })
    }
    const isThere = storage.list(folder).includes(CURRENT)
    if (isThere && verifyFolder(storage, folder).faults.length === 0) return SOUND
    return new Repair(storage, folder).run(dryRun)
  } finally {
    lock.release()
  }
}

const SOUND: RepairReport = {
  isSound: true,
  read: { tables: 0, logs: 0, segments: 0 },
  entries: 0,
  tables: 0,
  tableBytes: 0,
  segments: 0,
  lastSeq: 0,
  lost: [],
  moved: [],
}

const LOST_OPTIONS: Loss = {
  file: OPTIONS_RECORD,
  what: 'unreadable: name the strategy and the options again at the next open',
  bytes: null,
  entries: null,
  keys: null,
}

class Repair {
  readonly #storage: Storage
  readonly #folder: string
  readonly #options: EngineOptions
  readonly #hasOptions: boolean
  /** What was lost before the merge. */
  readonly #lost: readonly Loss[]
  readonly #numbers: FileNumbers
  readonly #sources: RepairSources
  /** Temporary names of this repair. */
  readonly #temporary = new Set<string>()

  constructor(storage: Storage, folder: string) {
    this.#storage = storage
    this.#folder = folder
    const record = recordOf(storage, folder)
    this.#options = record ?? parseEngineOptions({})
    this.#hasOptions = record !== null
    const names = storage.list(folder)
    const lost = storage.list(joinPath(folder, LOST_FOLDER))
    const taken = [...names, ...storage.list(folder, 'folders'), ...lost]
    this.#numbers = new FileNumbers(numberAbove(folder, taken, 1))
    this.#sources = findSources(storage, folder)
    const isRecordLost = record === null && names.includes(OPTIONS_RECORD)
    this.#lost = [...(isRecordLost ? [LOST_OPTIONS] : []), ...this.#sources.lost]
  }

  run(dryRun: boolean): RepairReport {
    const { counts, lastSeq } = this.#sources
    const values = new RepairValues(this.#storage, this.#folder)
    try {
      if (dryRun) {
        const { entries, lost, used } = this.#merge(values, null)
        const { sealed } = this.#sources
        const moved = this.#replaced((segment) => used.has(segment) && sealed.has(segment))
        return { ...SOUND, isSound: false, read: counts, entries, lastSeq, lost, moved }
      }
      return this.#write(values)
    } catch (error) {
      this.#removeTemporary()
      throw error
    } finally {
      values.close()
    }
  }

  #write(values: RepairValues): RepairReport {
    const { counts, lastSeq, unsealed, sealed } = this.#sources
    const mover = this.#mover(values, unsealed)
    const outputs = this.#outputs(mover)
    const { entries, lost, tables, written } = this.#merged(values, outputs, mover)
    const segments = segmentsOf(tables, sealed, written)
    const moved = this.#replaced((segment) => segments.has(segment))
    this.#keep(moved)
    this.#rename(segments, tables)
    this.#install(tables, segments)
    const there = new Set(this.#storage.list(this.#folder))
    for (const name of moved) {
      // The new manifest has replaced CURRENT and removed the old manifests.
      if (name === CURRENT || !there.has(name)) continue
      this.#storage.remove(joinPath(this.#folder, name))
    }
    this.#storage.syncFolder(this.#folder)
    const tableBytes = tables.reduce((sum, { bytes }) => sum + bytes, 0)
    return {
      isSound: false,
      read: counts,
      entries,
      tables: tables.length,
      tableBytes,
      segments: segments.size,
      lastSeq,
      lost,
      moved,
    }
  }

  /** Merges into `outputs` and `mover`; closes both. */
  #merged(values: RepairValues, outputs: TableOutputs, mover: ValueMover) {
    try {
      const merged = this.#merge(values, outputs)
      const tables = outputs.finish().map(({ table }) => table)
      return { ...merged, tables, written: mover.finish() }
    } catch (error) {
      outputs.abandon()
      mover.abandon()
      throw error
    }
  }

  /** Null: counts only. */
  #merge(values: RepairValues, outputs: TableOutputs | null) {
    let entries = 0
    const used = new Set<number>()
    const pointer = new ValuePointer()
    const gone = mergeSources(this.#storage, this.#sources, values, {
      startKey: (bytes, start, length) => outputs?.startKey(bytes, start, length),
      olderMayHold: () => false,
      add(cursor) {
        entries++
        const { kind, valueBytes, valueStart, valueLength } = cursor
        if (kind === ENTRY_KIND.blobIndex) {
          used.add(pointer.decode(valueBytes, valueStart, valueLength, 'table entry').segment)
        }
        outputs?.add(cursor)
      },
    })
    return { entries, used, lost: [...this.#lost, ...gone] }
  }

  /** Values in segments that are not whole move to new ones. */
  #mover(values: RepairValues, unsealed: readonly number[]): ValueMover {
    const appender = new SegmentAppender({
      storage: this.#storage,
      folder: this.#folder,
      numbers: this.#numbers,
      options: this.#options.valueLog,
      pathOf: (segment) => this.#temporaryPath(segment),
      cause: 'vlog-gc',
      announce: () => {},
    })
    return new ValueMover(new Set(unsealed), values.handles, appender, values.account)
  }

  #outputs(mover: ValueMover): TableOutputs {
    const { blockBytes, blockRestartInterval, compression, memtableBytes } = this.#options
    const nowMs = systemClock.nowMs()
    const destination = {
      level: LEVEL,
      fromKey: null,
      targetTableBytes: memtableBytes,
      cutKeys: [],
      softCuts: null,
      bitsPerKey: FILTER_BITS,
      olderRanges: [],
    }
    const createTable = () => {
      const id = this.#numbers.allocate()
      const tag = { cause: 'compaction', level: LEVEL } as const
      const file = this.#storage.create(this.#temporaryPath(id), tag)
      const writer = new TableWriter(file, {
        blockBytes,
        restartInterval: blockRestartInterval,
        compression,
        bitsPerKey: FILTER_BITS,
      })
      return { id, file, writer }
    }
    const ancestry = { createdAtMs: nowMs, oldestWriteAtMs: nowMs, oldestTombstoneAtMs: null }
    return new TableOutputs([destination], 'compaction', createTable, ancestry, mover)
  }

  #temporaryPath(number: number): string {
    const name = temporaryName(number)
    this.#temporary.add(name)
    return joinPath(this.#folder, name)
  }

  /** Names of the files that the new manifest does not need. */
  #replaced(staysSegment: (segment: number) => boolean): readonly string[] {
    return this.#storage.list(this.#folder).filter((name) => {
      if (name === OPTIONS_RECORD) return !this.#hasOptions
      const parsed = parseName(name)
      if (parsed === null) return false
      const { kind, number } = parsed
      if (kind === 'segment') return !staysSegment(number)
      return kind === 'table' || kind === 'wal' || kind === 'manifest' || kind === 'current'
    })
  }

  /** Gives the files second names in `lost/`, durably. An earlier repair may have left some. */
  #keep(names: readonly string[]): void {
    const storage = this.#storage
    const lost = joinPath(this.#folder, LOST_FOLDER)
    storage.makeFolder(lost)
    const taken = new Set(storage.list(lost))
    for (const name of names) {
      let free = name
      for (let count = 1; taken.has(free); count++) free = `${name}.${count}`
      linkOrCopy(storage, joinPath(this.#folder, name), joinPath(lost, free))
    }
    storage.syncFolder(lost)
  }

  /** Segments first: a table must not be found whose values are not. */
  #rename(segments: ReadonlyMap<number, SegmentMeta>, tables: readonly TableMeta[]): void {
    const storage = this.#storage
    const rename = (number: number, name: string) => {
      const from = temporaryName(number)
      if (!this.#temporary.has(from)) return
      storage.rename(joinPath(this.#folder, from), joinPath(this.#folder, name))
    }
    for (const segment of segments.keys()) rename(segment, segmentName(segment))
    storage.syncFolder(this.#folder)
    for (const { id } of tables) rename(id, tableName(id))
    storage.syncFolder(this.#folder)
  }

  #install(tables: readonly TableMeta[], segments: ReadonlyMap<number, SegmentMeta>): void {
    const { lastSeq } = this.#sources
    const logNumber = this.#numbers.allocate()
    writeLog(this.#storage, joinPath(this.#folder, walName(logNumber)), [])
    const state = {
      version: tables.length === 0 ? EMPTY_VERSION : versionOf([levelOf([runOf(1, tables)])]),
      logNumber,
      nextFileNumber: this.#numbers.next,
      nextRunId: 2,
      lastSeq,
      strategy: null,
      segments,
    }
    const allocate = () => this.#numbers.allocate()
    Manifest.create(this.#storage, this.#folder, state, { allocate }).close(lastSeq)
  }

  /** After a failure. Names that cannot be removed go at the next open. */
  #removeTemporary(): void {
    const there = new Set(this.#storage.list(this.#folder))
    for (const name of this.#temporary) {
      if (!there.has(name)) continue
      try {
        this.#storage.remove(joinPath(this.#folder, name))
      } catch {
        return
      }
    }
  }
}

/** The engine options of the folder's record; null if there is none that can be read. */
function recordOf(storage: Storage, folder: string): EngineOptions | null {
  try {
    return readOptionsRecord(storage, folder)?.engine ?? null
  } catch (error) {
    if (!isDamage(error)) throw error
    return null
  }
}

/** The segments that the tables point to, by number. */
function segmentsOf(
  tables: readonly TableMeta[],
  old: ReadonlyMap<number, SealedSegment>,
  written: readonly SealedSegment[],
): ReadonlyMap<number, SegmentMeta> {
  const known = new Map([...old, ...written.map((each) => [each.segment, each] as const)])
  const used = new Set(tables.flatMap(({ vlogBytes }) => vlogBytes.map(([segment]) => segment)))
  const metas = [...used]
    .sort((a, b) => a - b)
    .map((segment): SegmentMeta => ({ ...known.get(segment)!, state: 'sealed' }))
  return new Map(metas.map((meta) => [meta.segment, meta]))
}
