/**
 * Owns the full check of one table: it reads every byte, checks that each belongs to a block with
 * the right checksum, and compares the entries with the claims of the table and of its owner. It is
 * not a hot path; it reads one block at a time, past the cache.
 *
 *   1. the footer equals the encoding of its two handles, including the padding
 *   2. data blocks, filter, index, properties and metaindex cover the file up to the footer
 *   3. LZ4's own decoder decodes the LZ4 blocks equally; entries ascend strictly in internal order,
 *      within blocks and across them
 *   4. the index finds each block's first and last entry; the filter denies no key
 *   5. the range deletions are fragments
 *   6. the counted facts equal the properties and the expected summary
 */

import { ByteReader } from '../base/coding.ts'
import { compareBytes, equalBytes } from '../base/compare.ts'
import { corruption } from '../base/errors.ts'
import { keyBytesOf, valueBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { Fragment } from '../base/range-deletions.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { BlockCursor } from './block-cursor.ts'
import { type BlockIndex, decodeIndex } from './block-index.ts'
import { COMPRESSION_TYPE } from './compression.ts'
import { BloomFilter } from './filter.ts'
import { lz4Agrees } from './lz4-witness.ts'
import { decodePlainBlock } from './plain-block.ts'
import { decodeProperties, type StoredProperties } from './properties.ts'
import { decodeRangeDeletions, encodeRangeDeletions } from './range-deletion-block.ts'
import { decodeStoredBlock, readBlock } from './stored-block.ts'
import {
  BLOCK_TRAILER_BYTES,
  type BlockHandle,
  checkHandle,
  decodeFooter,
  encodeFooter,
  FOOTER_BYTES,
  METAINDEX_NAME,
  readHandle,
} from './table-format.ts'
import type { TableSummary } from './table-writer.ts'

/** Called with every entry whose value is in the value log; errors report `blockOffset`. */
export type PointerCheck = (key: Uint8Array, pointer: Uint8Array, blockOffset: number) => void

/**
 * Throws `LSM_CORRUPTION` with path and offset at the first fault, and `LSM_INVALID_ARGUMENT` for a
 * valid table of a kind that this engine does not read. The caller keeps ownership of `file`.
 */
export function verifyTable(
  file: ReadableFile,
  expected: TableSummary,
  checkPointer: PointerCheck = () => {},
): void {
  const { path, bytes } = file
  if (bytes !== expected.bytes || bytes < FOOTER_BYTES) {
    const where = { path, offset: Math.min(bytes, expected.bytes) }
    throw corruption(`the table has ${bytes} bytes, but ${expected.bytes} are expected`, where)
  }
  const footer = readFooter(file)
  const metaindex = readMetaindex(file, footer.metaindex)
  const propertiesHandle = metaindex.get(METAINDEX_NAME.properties)
  if (propertiesHandle === undefined) {
    throw corruption('table without properties', { path, offset: footer.metaindex.offset })
  }
  const properties = decodeProperties(readBlock(file, propertiesHandle, 'meta'), path)
  const layout = {
    userKeyOnly: properties.indexKeyIsUserKey,
    deltaEncoded: properties.indexValueIsDeltaEncoded,
  }
  const index = decodeIndex(readBlock(file, footer.index, 'index'), layout, path, bytes)
  checkTiling(file, index, [footer.metaindex, footer.index, ...metaindex.values()])

  const filterHandle = metaindex.get(METAINDEX_NAME.filter)
  const filter =
    filterHandle === undefined ? null : BloomFilter.decode(readBlock(file, filterHandle, 'filter'))
  if (filterHandle !== undefined && filter === null) {
    throw corruption('filter block does not parse', { path, offset: filterHandle.offset })
  }
  const deletionsHandle = metaindex.get(METAINDEX_NAME.rangeDeletions)
  const fragments = deletionsHandle === undefined ? [] : readFragments(file, deletionsHandle)
  const found = withFragments(path, walk(file, index, filter, checkPointer), fragments)
  const filterBytes = filterHandle === undefined ? 0 : filterHandle.bytes + BLOCK_TRAILER_BYTES
  compareFacts(path, propertiesHandle.offset, { ...found, filterBytes }, expected, properties)
}

/**
 * Checks the checksum of every block that the metaindex names, also of those that this engine does
 * not know. The table may be RocksDB's. Errors: as `verifyTable`.
 */
export function checkMetaBlocks(file: ReadableFile): void {
  const { path, bytes } = file
  const footer = new Uint8Array(FOOTER_BYTES)
  file.read(footer, FOOTER_BYTES, bytes - FOOTER_BYTES, 'meta')
  const { metaindex } = decodeFooter(footer, path, bytes)
  for (const handle of readMetaindex(file, metaindex).values()) readBlock(file, handle, 'meta')
}

/** Where the blocks lie that the metaindex names. */
function readMetaindex(file: ReadableFile, at: BlockHandle): ReadonlyMap<string, BlockHandle> {
  const { path, bytes } = file
  const metaindex = new Map<string, BlockHandle>()
  for (const [name, value] of decodePlainBlock(readBlock(file, at, 'meta'), path)) {
    const handle = readHandle(new ByteReader(value, path))
    checkHandle(handle, path, bytes)
    metaindex.set(name, handle)
  }
  return metaindex
}

function readFooter(file: ReadableFile) {
  const { path, bytes } = file
  const offset = bytes - FOOTER_BYTES
  const stored = new Uint8Array(FOOTER_BYTES)
  file.read(stored, FOOTER_BYTES, offset, 'meta')
  const footer = decodeFooter(stored, path, bytes)
  if (compareBytes(stored, encodeFooter(footer.metaindex, footer.index)) !== 0) {
    throw corruption('the footer differs from the encoding of its handles', { path, offset })
  }
  return footer
}

/**
 * Checks that every byte before the footer is in exactly one block, so that a checksum covers it.
 */
function checkTiling(file: ReadableFile, index: BlockIndex, others: readonly BlockHandle[]): void {
  const { path } = file
  const data = Array.from({ length: index.count }, (_, block) => blockAt(index, block))
  let end = 0
  for (const { offset, bytes } of [...data, ...others].sort((a, b) => a.offset - b.offset)) {
    if (offset !== end) throw corruption('blocks leave a gap or overlap', { path, offset: end })
    end = offset + bytes + BLOCK_TRAILER_BYTES
  }
  if (end !== file.bytes - FOOTER_BYTES) {
    throw corruption('blocks leave a gap before the footer', { path, offset: end })
  }
}

function blockAt(index: BlockIndex, block: number): BlockHandle {
  return { offset: index.offsets[block]!, bytes: index.sizes[block]! }
}

/** The facts counted from the entries, under the names of the summary. */
type Facts = Pick<
  TableSummary,
  | 'entries'
  | 'tombstones'
  | 'rangeDeletions'
  | 'rawKeyBytes'
  | 'rawValueBytes'
  | 'seqMin'
  | 'seqMax'
  | 'smallest'
  | 'largest'
  | 'isOpen'
>

/** The facts of a table's data blocks. `range` is null if there are none. */
interface KeyFacts extends Omit<Facts, 'rangeDeletions' | 'smallest' | 'largest' | 'isOpen'> {
  readonly range: Pick<Facts, 'smallest' | 'largest' | 'isOpen'> | null
}

function walk(
  file: ReadableFile,
  index: BlockIndex,
  filter: BloomFilter | null,
  checkPointer: PointerCheck,
): KeyFacts {
  const { path } = file
  const cursor = new BlockCursor(path)
  const counts = { entries: 0, tombstones: 0, rawKeyBytes: 0, rawValueBytes: 0 }
  const seqs = { seqMin: Number.MAX_SAFE_INTEGER, seqMax: 0 }
  let smallest: Uint8Array | null = null
  let previous: { readonly key: Uint8Array; readonly seq: number } | null = null
  for (let block = 0; block < index.count; block++) {
    const handle = blockAt(index, block)
    const fault = (what: string) => corruption(what, { path, offset: handle.offset })
    const checkIndex = (key: Uint8Array, seq: number) => {
      if (index.find(key, seq) !== block)
        throw fault('the index does not find an entry of the block')
    }
    cursor.open(readTwice(file, handle), handle.offset)
    cursor.seekToFirst()
    if (!cursor.valid) throw fault('block without entries')
    for (let first = true; cursor.valid; cursor.next(), first = false) {
      const { seq, kind } = cursor
      const key = keyBytesOf(cursor)
      const order: number = previous === null ? -1 : compareBytes(previous.key, key)
      if (order > 0 || (order === 0 && seq >= previous!.seq)) throw fault('entries out of order')
      if (kind === ENTRY_KIND.blobIndex) {
        checkPointer(key, valueBytesOf(cursor), handle.offset)
      } else if (kind !== ENTRY_KIND.value && kind !== ENTRY_KIND.deletion) {
        throw fault(`entry of unknown kind ${kind}`)
      }
      if (filter !== null && order < 0 && !filter.mayContain(key)) {
        throw fault('the filter denies a key of the block')
      }
      if (first) checkIndex(key, seq)
      smallest ??= key
      previous = { key, seq }
      counts.entries++
      if (kind === ENTRY_KIND.deletion) counts.tombstones++
      counts.rawKeyBytes += key.length
      counts.rawValueBytes += cursor.valueLength
      seqs.seqMin = Math.min(seqs.seqMin, seq)
      seqs.seqMax = Math.max(seqs.seqMax, seq)
    }
    checkIndex(previous!.key, previous!.seq)
  }
  const range = smallest === null ? null : { smallest, largest: previous!.key }
  return { ...counts, ...seqs, range }
}

/** The range deletions, if encoding them gives the block again: then they are fragments. */
function readFragments(file: ReadableFile, handle: BlockHandle): readonly Fragment[] {
  const { path } = file
  const block = readBlock(file, handle, 'meta')
  const { fragments } = decodeRangeDeletions(block, path)
  if (fragments.length > 0 && equalBytes(encodeRangeDeletions(fragments), block)) return fragments
  throw corruption('range deletions are not fragments', { path, offset: handle.offset })
}

/** The facts of the keys together with those of the range deletions. */
function withFragments(path: string, keys: KeyFacts, fragments: readonly Fragment[]): Facts {
  const { range: keyRange, ...counts } = keys
  const facts = { ...counts, rangeDeletions: 0 }
  let range = keyRange
  for (const { from, to, seqs } of fragments) {
    facts.entries += seqs.length
    facts.tombstones += seqs.length
    facts.rangeDeletions += seqs.length
    facts.rawKeyBytes += seqs.length * from.length
    facts.rawValueBytes += seqs.length * to.length
    facts.seqMin = Math.min(facts.seqMin, ...seqs)
    facts.seqMax = Math.max(facts.seqMax, ...seqs)
    const smallest =
      range === null || compareBytes(from, range.smallest) < 0 ? from : range.smallest
    range =
      range === null || compareBytes(range.largest, to) < 0
        ? { smallest, largest: to, isOpen: true }
        : { ...range, smallest }
  }
  if (range === null) throw corruption('table without entries', { path, offset: 0 })
  return { ...facts, ...range }
}

/** Reads a data block. LZ4's own decoder decodes an LZ4 block a second time. */
function readTwice(file: ReadableFile, handle: BlockHandle): Uint8Array {
  const { path } = file
  const stored = new Uint8Array(handle.bytes + BLOCK_TRAILER_BYTES)
  file.read(stored, stored.length, handle.offset, 'data')
  const raw = decodeStoredBlock(stored, 0, handle.bytes, path, handle.offset, true)
  const isLz4 = stored[handle.bytes] === COMPRESSION_TYPE.lz4
  if (isLz4 && !lz4Agrees(stored.subarray(0, handle.bytes), raw)) {
    throw corruption('the LZ4 library decodes the block differently', {
      path,
      offset: handle.offset,
    })
  }
  return raw
}

/**
 * Compares the counted facts with the claims of the table's properties and of its owner, the
 * manifest.
 */
const COUNTED = ['entries', 'tombstones', 'rangeDeletions', 'rawKeyBytes', 'rawValueBytes'] as const

function compareFacts(
  path: string,
  propertiesOffset: number,
  found: Facts & { readonly filterBytes: number },
  expected: TableSummary,
  properties: StoredProperties,
): void {
  const claim = (who: string, what: string, actual: number, claimed: number) => {
    if (actual === claimed) return
    const where = { path, offset: propertiesOffset, expected: claimed, actual }
    throw corruption(`${what}: ${actual} found, but the ${who} says ${claimed}`, where)
  }
  for (const name of COUNTED) {
    claim('properties', name, found[name], properties[name])
    claim('manifest', name, found[name], expected[name])
  }
  claim('properties', 'filterBytes', found.filterBytes, properties.filterBytes)
  claim('manifest', 'filterBytes', found.filterBytes, expected.filter.bytes)
  for (const name of ['seqMin', 'seqMax'] as const) {
    claim('manifest', name, found[name], expected[name])
  }
  for (const bound of ['smallest', 'largest'] as const) {
    if (compareBytes(found[bound], expected[bound]) === 0) continue
    throw corruption(`the ${bound} key is not the one in the manifest`, { path, offset: 0 })
  }
  if ((found.isOpen === true) !== (expected.isOpen === true)) {
    const end = found.isOpen === true ? 'a range deletion' : 'an entry'
    throw corruption(`${end} ends the table, which the manifest denies`, { path, offset: 0 })
  }
}
