/**
 * Owns the properties block: facts about a table under RocksDB's names
 * (`table/table_properties.cc`), strictly sorted. Integers are varints except where noted. RocksDB
 * shows names that it does not know as user-collected properties.
 */

import { ByteReader, ByteWriter } from '../base/coding.ts'
import { compareBytes } from '../base/compare.ts'
import { TRAILER_BYTES } from '../base/internal-key.ts'
import type { Compression } from './compression.ts'
import { decodePlainBlock, PlainBlockBuilder } from './plain-block.ts'
import { FORMAT_VERSION, unsupported } from './table-format.ts'

/** Facts about a table's content. */
export interface TableProperties {
  readonly entries: number
  readonly tombstones: number
  /** Σ user-key bytes, without trailers. */
  readonly rawKeyBytes: number
  readonly rawValueBytes: number
  readonly dataBlocks: number
  /** Bytes of the stored data blocks, including trailers. */
  readonly dataBytes: number
  readonly indexBytes: number
  readonly filterBytes: number
  readonly rangeDeletions: number
}

/** Decoded properties, with additional facts that only a reader needs. */
export interface StoredProperties extends TableProperties {
  readonly indexKeyIsUserKey: boolean
  readonly indexValueIsDeltaEncoded: boolean
  /** Everything in the block, by name; borrowed from the block. */
  readonly all: ReadonlyMap<string, Uint8Array>
}

const NAME = {
  indexType: 'rocksdb.block.based.table.index.type',
  prefixFiltering: 'rocksdb.block.based.table.prefix.filtering',
  wholeKeyFiltering: 'rocksdb.block.based.table.whole.key.filtering',
  comparator: 'rocksdb.comparator',
  compression: 'rocksdb.compression',
  dataBytes: 'rocksdb.data.size',
  tombstones: 'rocksdb.deleted.keys',
  filterBytes: 'rocksdb.filter.size',
  formatVersion: 'rocksdb.format.version',
  indexKeyIsUserKey: 'rocksdb.index.key.is.user.key',
  indexBytes: 'rocksdb.index.size',
  indexValueIsDeltaEncoded: 'rocksdb.index.value.is.delta.encoded',
  dataBlocks: 'rocksdb.num.data.blocks',
  entries: 'rocksdb.num.entries',
  rangeDeletions: 'rocksdb.num.range-deletions',
  rawKeyBytes: 'rocksdb.raw.key.size',
  rawValueBytes: 'rocksdb.raw.value.size',
} as const

const COMPARATOR = 'leveldb.BytewiseComparator'
const COMPRESSION_NAMES: Readonly<Record<Compression, string>> = {
  none: 'NoCompression',
  lz4: 'LZ4',
  zstd: 'ZSTD',
}
/**
 * Index types (u32le) with plain blocks: binary search, and binary search with an added hash index.
 */
const INDEX_TYPE_BINARY = 0
const INDEX_TYPE_HASH = 1
const INDEX_TYPE_NAMES = ['binary', 'hash', 'two-level', 'first-key']

/** Owned. */
export function encodeProperties(
  properties: TableProperties,
  compression: Compression,
): Uint8Array {
  const varint = (value: number) => new ByteWriter(10).varint(value).copy()
  const text = (value: string) => new TextEncoder().encode(value)
  const fixed32 = (value: number) => new ByteWriter(4).u32(value).copy()
  const values: Readonly<Record<keyof typeof NAME, Uint8Array>> = {
    indexType: fixed32(INDEX_TYPE_BINARY),
    prefixFiltering: text('0'),
    wholeKeyFiltering: text('1'),
    comparator: text(COMPARATOR),
    compression: text(COMPRESSION_NAMES[compression]),
    dataBytes: varint(properties.dataBytes),
    tombstones: varint(properties.tombstones),
    filterBytes: varint(properties.filterBytes),
    formatVersion: varint(FORMAT_VERSION),
    indexKeyIsUserKey: varint(0),
    indexBytes: varint(properties.indexBytes),
    indexValueIsDeltaEncoded: varint(0),
    dataBlocks: varint(properties.dataBlocks),
    entries: varint(properties.entries),
    rangeDeletions: varint(properties.rangeDeletions),
    // RocksDB counts internal keys, so the trailers are added.
    rawKeyBytes: varint(properties.rawKeyBytes + properties.entries * TRAILER_BYTES),
    rawValueBytes: varint(properties.rawValueBytes),
  }
  const sorted = (Object.keys(NAME) as (keyof typeof NAME)[])
    .map((key) => [text(NAME[key]), values[key]] as const)
    .sort(([a], [b]) => compareBytes(a, b))
  const builder = new PlainBlockBuilder()
  for (const [name, value] of sorted) builder.add(name, value)
  return builder.finish()
}

/**
 * Throws `LSM_CORRUPTION` if the block does not parse, `LSM_INVALID_ARGUMENT` if the table has
 * another comparator or an index type that this engine does not read.
 */
export function decodeProperties(block: Uint8Array, path: string): StoredProperties {
  const all = decodePlainBlock(block, path)
  const varint = (name: string) => {
    const value = all.get(name)
    return value === undefined ? 0 : new ByteReader(value, path).varint()
  }
  const comparator = all.get(NAME.comparator)
  const comparatorName =
    comparator === undefined ? COMPARATOR : new TextDecoder().decode(comparator)
  if (comparatorName !== COMPARATOR) throw unsupported(path, `comparator ${comparatorName}`)
  const indexType = all.get(NAME.indexType)
  const type = indexType === undefined ? INDEX_TYPE_BINARY : new ByteReader(indexType, path).u32()
  if (type !== INDEX_TYPE_BINARY && type !== INDEX_TYPE_HASH) {
    throw unsupported(path, `index type ${INDEX_TYPE_NAMES[type] ?? type}`)
  }
  const entries = varint(NAME.entries)
  return {
    entries,
    tombstones: varint(NAME.tombstones),
    rawKeyBytes: varint(NAME.rawKeyBytes) - entries * TRAILER_BYTES,
    rawValueBytes: varint(NAME.rawValueBytes),
    dataBlocks: varint(NAME.dataBlocks),
    dataBytes: varint(NAME.dataBytes),
    indexBytes: varint(NAME.indexBytes),
    filterBytes: varint(NAME.filterBytes),
    rangeDeletions: varint(NAME.rangeDeletions),
    indexKeyIsUserKey: varint(NAME.indexKeyIsUserKey) !== 0,
    indexValueIsDeltaEncoded: varint(NAME.indexValueIsDeltaEncoded) !== 0,
    all,
  }
}
