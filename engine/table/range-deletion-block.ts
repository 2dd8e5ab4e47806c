/**
 * Owns the bytes of a table's range deletions: RocksDB's meta block `rocksdb.range_del`. It is a
 * plain block in which every entry is a restart (plain-block.ts), and it is never compressed.
 *
 *   key     the internal key of the range's first key: kind 15, the deletion's sequence number
 *   value   the user key where the range ends (exclusive)
 *
 * Invariant: we write fragments, so entries with different first keys are disjoint, and all of a
 * table's fragments lie within its key range. RocksDB's ranges may overlap; the reader fragments
 * them again.
 */

import { compareBytes } from '../base/compare.ts'
import {
  ENTRY_KIND,
  encodeInternalKey,
  readTrailerSeq,
  TRAILER_BYTES,
  userKeyOf,
} from '../base/internal-key.ts'
import { type Fragment, RangeDeletions } from '../base/range-deletions.ts'
import { entriesReader, PlainBlockBuilder, readSharedKey } from './plain-block.ts'

/** Owned. `fragments` ascend and are disjoint; there is at least one. */
export function encodeRangeDeletions(fragments: readonly Fragment[]): Uint8Array {
  const block = new PlainBlockBuilder()
  for (const { from, to, seqs } of fragments) {
    for (const seq of seqs) block.add(encodeInternalKey(from, seq, ENTRY_KIND.rangeDeletion), to)
  }
  return block.finish()
}

/**
 * Owned. Throws `LSM_CORRUPTION` if the block does not parse. An empty or inverted range deletes
 * nothing, as in RocksDB.
 */
export function decodeRangeDeletions(block: Uint8Array, path: string): RangeDeletions {
  const reader = entriesReader(block, path)
  const deletions = new RangeDeletions()
  let key: Uint8Array = new Uint8Array(0)
  while (!reader.done) {
    const shared = reader.varint()
    const unshared = reader.varint()
    const valueBytes = reader.varint()
    key = readSharedKey(reader, shared, unshared, key)
    const to = reader.raw(valueBytes).slice()
    const trailerAt = key.length - TRAILER_BYTES
    if (trailerAt < 0 || key[trailerAt] !== ENTRY_KIND.rangeDeletion) {
      throw reader.fail('a range deletion without its kind')
    }
    const from = userKeyOf(key)
    if (compareBytes(from, to) >= 0) continue
    deletions.add({ from, to, seq: readTrailerSeq(key, trailerAt) })
  }
  return deletions
}
