/**
 * Owns the frame of RocksDB's query traces, as 7.8 writes them (`trace_replay/trace_replay.cc`):
 *
 *   | u64 microseconds | u8 type | u32 payload bytes | payload |
 *
 * A payload starts with a u64 whose bits say which parts follow, in ascending order. The first
 * record is the header, a text; the last is the empty end record. The numbers are RocksDB's.
 */

export const ROCKSDB_RECORD_HEAD_BYTES = 13
export const ROCKSDB_TRACE_MAGIC = 'feedcafedeadbeef'
export const ROCKSDB_TRACE_HEADER = `${ROCKSDB_TRACE_MAGIC}\tTrace Version: 0.2\tRocksDB Version: 7.8\tFormat: Timestamp OpType Payload\n`

export const ROCKSDB_RECORD = {
  begin: 1,
  end: 2,
  write: 3,
  get: 4,
  iteratorSeek: 5,
  iteratorSeekForPrev: 6,
  /** Of block cache traces. A replay waits for its time and then leaves it out. */
  blockCacheData: 9,
  multiGet: 13,
} as const

/** Bits of a payload's first word. */
export const ROCKSDB_PART = {
  writeBatch: 1,
  getColumnFamily: 2,
  getKey: 3,
  iteratorColumnFamily: 4,
  iteratorKey: 5,
  iteratorLowerBound: 6,
  iteratorUpperBound: 7,
  multiGetCount: 8,
  multiGetColumnFamilies: 9,
  multiGetKeys: 10,
} as const
