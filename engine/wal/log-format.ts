/**
 * Owns the framing of logs. The write-ahead log and the manifest are sequences of records, cut into
 * fragments, so that a checksum detects damage and damage never spreads beyond a block. The format
 * is LevelDB's (`doc/log_format.md`), which RocksDB reads. Recyclable records (types 5 to 8) are
 * not used, because a bad checksum in them silently means the end of the log.
 *
 * A log is a sequence of 32 KiB blocks. A block is a sequence of fragments, then zero padding if
 * fewer bytes than a header are left.
 *
 *   +-------------------------+---------------+---------+------------------+
 *   | u32le  masked crc32c    | u16le  length | u8 type | payload, length B|
 *   +-------------------------+---------------+---------+------------------+
 *                                             |<----- checksummed -------->|
 *
 * The checksum does not cover the length. A record is one FULL fragment, or FIRST, any MIDDLE,
 * LAST.
 */

export const LOG_BLOCK_BYTES = 32 * 1024

const CRC_BYTES = 4
const LENGTH_BYTES = 2
const TYPE_BYTES = 1

export const LENGTH_OFFSET = CRC_BYTES
export const TYPE_OFFSET = CRC_BYTES + LENGTH_BYTES
export const LOG_HEADER_BYTES = CRC_BYTES + LENGTH_BYTES + TYPE_BYTES

/** Never renumber. 0 is the type of a preallocated or unwritten header. */
export const FRAGMENT_TYPE = { full: 1, first: 2, middle: 3, last: 4 } as const

/**
 * The most bytes that a record of `payloadBytes` can take in a log, including padding before it.
 */
export function logRecordBytesMax(payloadBytes: number): number {
  const fragmentsMax = Math.ceil(payloadBytes / (LOG_BLOCK_BYTES - LOG_HEADER_BYTES)) + 1
  return LOG_HEADER_BYTES - 1 + fragmentsMax * LOG_HEADER_BYTES + payloadBytes
}
