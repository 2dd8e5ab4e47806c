/**
 * Owns the reading of write batches in RocksDB traces (`db/write_batch.cc`). They have more record
 * types than our own log, because a foreign database may use column families, merges and single
 * deletions.
 *
 *   | u64 sequence number | u32 count | records: u8 tag, varint column family?, strings |
 */

import type { ByteReader } from '../../../engine/base/coding.ts'

/** Arguments are borrowed during the call. */
export interface BatchSink {
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
  merge(key: Uint8Array, operand: Uint8Array): void
  deleteRange(): void
  inColumnFamily(): void
}

const SEQUENCE_BYTES = 8

/** For each tag its meaning, and whether a column family precedes the key. */
const TAGS: ReadonlyMap<
  number,
  readonly [what: 'put' | 'delete' | 'merge' | 'range' | 'log', family: boolean]
> = new Map([
  [0x0, ['delete', false]],
  [0x1, ['put', false]],
  [0x2, ['merge', false]],
  [0x3, ['log', false]],
  [0x4, ['delete', true]],
  [0x5, ['put', true]],
  [0x6, ['merge', true]],
  [0x7, ['delete', false]],
  [0x8, ['delete', true]],
  [0xe, ['range', true]],
  [0xf, ['range', false]],
])

/** Passes on the records of the batch in `reader`. Throws `LSM_CORRUPTION`. */
export function readBatch(reader: ByteReader, sink: BatchSink): void {
  reader.raw(SEQUENCE_BYTES)
  const count = reader.u32()
  let records = 0
  while (!reader.done) {
    const tag = reader.u8()
    const known = TAGS.get(tag)
    if (known === undefined) throw reader.fail(`write batch record with unknown tag ${tag}`)
    const [what, hasFamily] = known
    // Data that a writer logs for itself does not count as a record.
    if (what !== 'log') records++
    if (hasFamily && reader.varint() !== 0) sink.inColumnFamily()
    const key = reader.prefixed()
    if (what === 'delete') sink.delete(key)
    else if (what === 'put') sink.put(key, reader.prefixed())
    else if (what === 'merge') sink.merge(key, reader.prefixed())
    else if (what === 'range') {
      reader.prefixed()
      sink.deleteRange()
    }
  }
  if (records !== count) throw reader.fail(`a write batch of ${records} records that says ${count}`)
}
