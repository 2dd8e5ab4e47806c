/**
 * Owns reading the tree of a closed folder, ours or RocksDB's, without its data. RocksDB's level 0
 * becomes one run for each table, newest first; each deeper level becomes one run. RocksDB's
 * manifest lacks counts: they come from the properties of each table, or are estimated.
 *
 * Invariant: the folder is only read. Ours is locked meanwhile. RocksDB's is not, because our lock
 * would replace RocksDB's; its manifest is only ever appended to.
 */

import { compareBytes } from '../../base/compare.ts'
import { isLsmError } from '../../base/errors.ts'
import { CURRENT, tableName } from '../../manifest/file-names.ts'
import { recoverManifest } from '../../manifest/recover.ts'
import { type RocksdbTable, readRocksdbManifest } from '../../manifest/rocksdb-manifest.ts'
import { decodeVersionEdit } from '../../manifest/version-edit-codec.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { countsOfTable } from '../../table/counts-of-table.ts'
import type { TableProperties } from '../../table/properties.ts'
import { levelOf } from '../../version/level.ts'
import { checkRun, type Run, runOf } from '../../version/run.ts'
import { type FilterMeta, NO_FILTER, type TableMeta } from '../../version/table-meta.ts'
import { type Version, versionOf } from '../../version/version.ts'
import { LogReader } from '../../wal/log-reader.ts'
import { checkPlace } from '../open-options.ts'
import { readOptionsRecord } from '../options-record.ts'
import { withClosedFolder } from './closed-folder.ts'

/** The tree of a folder, and what is known of the strategy that made it. */
export interface FolderTree {
  readonly source: 'varve' | 'rocksdb'
  /** Numbers of tables are the folder's. */
  readonly version: Version
  /** The strategy by the folder's options; null if they are missing. */
  readonly strategy: string | null
  /** Size of a memtable by the folder's options; null if they are missing. */
  readonly memtableBytes: number | null
  /** Tables whose counts are estimated, because their properties could not be read. */
  readonly estimatedTables: number
}

/**
 * Reads the tree. Errors: as `withClosedFolder`; `LSM_CORRUPTION` with path and offset for a
 * damaged manifest.
 */
export function readFolderTree(storage: Storage, name: string): FolderTree {
  checkPlace(storage, name)
  const folder = storage.resolve(name)
  const hasManifest = storage.list(folder).includes(CURRENT)
  if (hasManifest && !isOurs(storage, folder)) return rocksdbTree(storage, folder)
  return withClosedFolder(storage, name, () => ourTree(storage, folder))
}

/** Our manifests begin with an edit that says the next run; RocksDB's never do. */
function isOurs(storage: Storage, folder: string): boolean {
  const tag = { cause: 'recovery', level: -1 } as const
  const current = new TextDecoder().decode(storage.readAll(joinPath(folder, CURRENT), tag)).trim()
  const reader = new LogReader(storage.readAll(joinPath(folder, current), tag), current)
  if (!reader.next()) return true
  try {
    return decodeVersionEdit(reader.record, current).nextRunId !== undefined
  } catch (error) {
    if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
    return false
  }
}

function ourTree(storage: Storage, folder: string): FolderTree {
  const { version, strategy } = recoverManifest(storage, folder)!
  const options = readOptionsRecord(storage, folder)
  const parameters = options === null ? null : options.strategy.parameters
  const name = options?.strategy.name ?? strategy?.name ?? null
  return {
    source: 'varve',
    version,
    strategy: name === null || parameters === null ? name : `${name} ${JSON.stringify(parameters)}`,
    memtableBytes: options?.engine.memtableBytes ?? null,
    estimatedTables: 0,
  }
}

function rocksdbTree(storage: Storage, folder: string): FolderTree {
  const tables = readRocksdbManifest(storage, folder)
  const known = new Map<number, TableProperties>()
  for (const { id, level } of tables.values()) {
    const properties = propertiesOf(storage, joinPath(folder, tableName(id)), level)
    if (properties !== null) known.set(id, properties)
  }
  const typical = typicalEntry([...known.values()])
  const metaOf = (table: RocksdbTable) => tableMeta(table, known.get(table.id) ?? null, typical)
  let runs = 0
  const levels = Array.from(Map.groupBy(tables.values(), ({ level }) => level))
    .sort(([a], [b]) => a - b)
    .reduce<Run[][]>((all, [level, own]) => {
      while (all.length <= level) all.push([])
      const groups = level === 0 ? newestFirst(own).map((table) => [table]) : [byKey(own)]
      all[level] = groups.map((group) => runOf(++runs, group.map(metaOf)))
      return all
    }, [])
  for (const run of levels.flat()) checkRun(run)
  return {
    source: 'rocksdb',
    version: versionOf(levels.map(levelOf)),
    ...rocksdbOptions(storage, folder),
    estimatedTables: tables.size - known.size,
  }
}

/** RocksDB orders level 0 by the newest write. */
function newestFirst(tables: readonly RocksdbTable[]): readonly RocksdbTable[] {
  return tables.toSorted((a, b) => b.seqMax - a.seqMax || b.seqMin - a.seqMin || b.id - a.id)
}

function byKey(tables: readonly RocksdbTable[]): readonly RocksdbTable[] {
  return tables.toSorted((a, b) => compareBytes(a.smallest, b.smallest))
}

/** Null if the file is missing, or of a kind that this engine does not read. */
function propertiesOf(storage: Storage, path: string, level: number): TableProperties | null {
  try {
    const file = storage.open(path, { cause: 'recovery', level })
    try {
      return countsOfTable(file)
    } finally {
      file.close()
    }
  } catch (error) {
    if (!isLsmError(error)) throw error
    return null
  }
}

/** Mean sizes of an entry, for tables without properties. */
interface TypicalEntry {
  readonly keyBytes: number
  readonly valueBytes: number
  /** Stored ÷ raw bytes. */
  readonly storedShare: number
}

/** RocksDB's documents take entries of this size as an example. */
const UNKNOWN_ENTRY: TypicalEntry = { keyBytes: 24, valueBytes: 1000, storedShare: 1 }

function typicalEntry(known: readonly TableProperties[]): TypicalEntry {
  const sum = (of: (properties: TableProperties) => number) =>
    known.reduce((total, properties) => total + of(properties), 0)
  const entries = sum(({ entries: count }) => count)
  if (entries === 0) return UNKNOWN_ENTRY
  const keyBytes = sum(({ rawKeyBytes }) => rawKeyBytes)
  const valueBytes = sum(({ rawValueBytes }) => rawValueBytes)
  return {
    keyBytes: keyBytes / entries,
    valueBytes: valueBytes / entries,
    storedShare: sum(({ dataBytes }) => dataBytes) / (keyBytes + valueBytes),
  }
}

function tableMeta(
  table: RocksdbTable,
  properties: TableProperties | null,
  { keyBytes, valueBytes, storedShare }: TypicalEntry,
): TableMeta {
  const { id, bytes, smallest, largest, isOpen, seqMin, seqMax } = table
  const entries =
    properties?.entries ?? Math.max(Math.round(bytes / storedShare / (keyBytes + valueBytes)), 1)
  const createdAtMs = 1000 * table.createdAtSeconds
  const oldestWriteAtMs = 1000 * (table.oldestAtSeconds || table.createdAtSeconds)
  const tombstones = properties?.tombstones ?? 0
  return {
    id,
    smallest,
    largest,
    ...(isOpen ? { isOpen } : {}),
    bytes,
    entries,
    tombstones,
    rangeDeletions: properties?.rangeDeletions ?? 0,
    rawKeyBytes: properties?.rawKeyBytes ?? Math.round(entries * keyBytes),
    rawValueBytes: properties?.rawValueBytes ?? Math.round(entries * valueBytes),
    seqMin,
    seqMax,
    createdAtMs,
    oldestWriteAtMs,
    oldestTombstoneAtMs: tombstones > 0 ? oldestWriteAtMs : null,
    filter: filterOf(properties),
    vlogBytes: [],
  }
}

function filterOf(properties: TableProperties | null): FilterMeta {
  if (properties === null || properties.filterBytes === 0) return NO_FILTER
  const { filterBytes: bytes, entries } = properties
  return { kind: 'blocked-bloom', bitsPerKey: (8 * bytes) / Math.max(entries, 1), bytes }
}

const OPTIONS_FILE = /^OPTIONS-(\d+)$/
const SHOWN_OPTIONS = [
  'level_compaction_dynamic_level_bytes',
  'max_bytes_for_level_base',
  'max_bytes_for_level_multiplier',
  'level0_file_num_compaction_trigger',
  'target_file_size_base',
]

/** From the newest OPTIONS file, whose lines are `name=value`. */
function rocksdbOptions(
  storage: Storage,
  folder: string,
): Pick<FolderTree, 'strategy' | 'memtableBytes'> {
  const number = (name: string) => Number(OPTIONS_FILE.exec(name)?.[1] ?? -1)
  const [newest] = storage
    .list(folder)
    .filter((name) => OPTIONS_FILE.test(name))
    .sort((a, b) => number(b) - number(a))
  if (newest === undefined) return { strategy: null, memtableBytes: null }
  const text = new TextDecoder().decode(
    storage.readAll(joinPath(folder, newest), { cause: 'meta', level: -1 }),
  )
  const values = new Map<string, string>()
  for (const [, name, value] of text.matchAll(/^\s*(\w+)=(.*)$/gm)) values.set(name!, value!)
  const style = values.get('compaction_style') ?? null
  const shown = SHOWN_OPTIONS.filter((name) => values.has(name)).map(
    (name) => `${name}=${values.get(name)}`,
  )
  const memtableBytes = Number(values.get('write_buffer_size'))
  return {
    strategy: style === null ? null : `${style} ${shown.join(' ')}`,
    memtableBytes: memtableBytes > 0 ? memtableBytes : null,
  }
}
