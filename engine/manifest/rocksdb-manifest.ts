/**
 * Owns reading the tree from a manifest that RocksDB wrote (`db/version_edit.cc`). Such a manifest
 * has tags that ours never have, and lacks our fields of tables: run, counts, times and filter.
 *
 * Invariant: the tables are those after the last whole edit. The folder is only read.
 */

import { ByteReader } from '../base/coding.ts'
import { corruption } from '../base/errors.ts'
import { isRangeEnd, userKeyOf } from '../base/internal-key.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import type { TableId } from '../version/table-meta.ts'
import { LogReader } from '../wal/log-reader.ts'
import { CURRENT } from './file-names.ts'

/** A table as RocksDB's manifest describes it. Keys are user keys, owned. */
export interface RocksdbTable {
  readonly level: number
  readonly id: TableId
  readonly bytes: number
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
  /** Whether the table ends before `largest`, with a range deletion. */
  readonly isOpen: boolean
  readonly seqMin: number
  readonly seqMax: number
  /** When the file, and when its oldest data was written; 0 if unknown. */
  readonly createdAtSeconds: number
  readonly oldestAtSeconds: number
}

/** Never renumber: `db/version_edit.h`. */
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSeq: 4,
  compactCursor: 5,
  deletedFile: 6,
  previousLogNumber: 9,
  minLogNumber: 10,
  newFile4: 103,
  columnFamily: 200,
  columnFamilyAdd: 201,
  columnFamilyDrop: 202,
  maxColumnFamily: 203,
  atomicGroup: 300,
} as const
const TABLE_TAG = { end: 1, oldestTime: 5, creationTime: 6 } as const
const IGNORABLE_BIT = 1 << 13
/** Of our own manifests: `version-edit-codec.ts`. */
const OUR_COMPARATOR = 'leveldb.BytewiseComparator'

/**
 * The tables of the default column family, by id. Errors: `LSM_CORRUPTION` with path and offset;
 * `LSM_INVALID_ARGUMENT` for another comparator or several column families.
 */
export function readRocksdbManifest(
  storage: Storage,
  folder: string,
): ReadonlyMap<TableId, RocksdbTable> {
  const tag = { cause: 'recovery', level: -1 } as const
  const current = new TextDecoder().decode(storage.readAll(joinPath(folder, CURRENT), tag))
  const path = joinPath(folder, current.trim())
  const reader = new LogReader(storage.readAll(path, tag), path)
  const tables = new Map<TableId, RocksdbTable>()
  while (reader.next()) {
    const { record, recordOffset } = reader
    applyEdit(new ByteReader(record, path), tables, (what) => {
      return corruption(`${what} in an edit of RocksDB`, { path, offset: recordOffset })
    })
  }
  const { damage } = reader.end!
  if (damage !== null && !damage.inLastAppend) {
    throw corruption(damage.reason, { path, offset: damage.offset })
  }
  return tables
}

function applyEdit(
  reader: ByteReader,
  tables: Map<TableId, RocksdbTable>,
  fail: (what: string) => Error,
): void {
  while (!reader.done) {
    const tag = reader.varint()
    switch (tag) {
      case TAG.comparator: {
        const name = reader.text()
        if (name !== OUR_COMPARATOR) throw fail(`comparator ${name}`)
        break
      }
      case TAG.logNumber:
      case TAG.nextFileNumber:
      case TAG.lastSeq:
      case TAG.previousLogNumber:
      case TAG.minLogNumber:
      case TAG.maxColumnFamily:
      case TAG.atomicGroup:
        reader.varint()
        break
      case TAG.compactCursor:
        reader.varint()
        reader.prefixed()
        break
      case TAG.deletedFile:
        reader.varint()
        tables.delete(reader.varint())
        break
      case TAG.newFile4: {
        const table = tableOf(reader)
        tables.set(table.id, table)
        break
      }
      case TAG.columnFamily:
        if (reader.varint() !== 0) throw fail('a second column family')
        break
      default:
        if ((tag & IGNORABLE_BIT) === 0) throw fail(`unknown tag ${tag}`)
        reader.prefixed()
    }
  }
}

function tableOf(reader: ByteReader): RocksdbTable {
  const level = reader.varint()
  const id = reader.varint()
  const bytes = reader.varint()
  const smallest = new Uint8Array(userKeyOf(reader.prefixed()))
  const last = reader.prefixed()
  const largest = new Uint8Array(userKeyOf(last))
  const seqMin = reader.varint()
  const seqMax = reader.varint()
  let createdAtSeconds = 0
  let oldestAtSeconds = 0
  for (let tag = reader.varint(); tag !== TABLE_TAG.end; tag = reader.varint()) {
    const { length } = reader.prefixed()
    const content = new ByteReader(reader.bytes, 'table', reader.offset - length, reader.offset)
    if (tag === TABLE_TAG.oldestTime) oldestAtSeconds = content.varint()
    if (tag === TABLE_TAG.creationTime) createdAtSeconds = content.varint()
  }
  const times = { createdAtSeconds, oldestAtSeconds }
  const isOpen = isRangeEnd(last)
  return { level, id, bytes, smallest, largest, isOpen, seqMin, seqMax, ...times }
}
