/**
 * Owns the size of a table as a function of the sizes of its entries: the size of what
 * `TableWriter` would write. Simulators count with it.
 *
 * Invariant: without compression, `tableSize` equals the writer's file to the byte, section by
 * section, for tables without range deletions. How much smaller a compressed table is depends on
 * its values, so no formula gives it; it is counted here as if every block were uncompressed.
 * `estimateTableSize` uses only averages.
 */

import { TRAILER_BYTES } from '../base/internal-key.ts'
import { entryBytesBound, RESTART_BYTES } from './block-builder.ts'
import { filterBytes } from './filter.ts'
import { encodeMetaindex } from './metaindex.ts'
import { encodeProperties } from './properties.ts'
import { BLOCK_TRAILER_BYTES, type BlockHandle, FOOTER_BYTES } from './table-format.ts'

export interface TableSizeOptions {
  readonly blockBytes: number
  readonly restartInterval: number
  /** 0 means no filter. */
  readonly bitsPerKey: number
}

/** Sizes of `count` entries in internal order; borrowed. */
export interface EntrySizes {
  readonly count: number
  /** Lengths of the user keys. */
  readonly keyLengths: ArrayLike<number>
  /** Number of bytes that the user key shares with the previous one; 0 for the first. */
  readonly sharedLengths: ArrayLike<number>
  readonly valueLengths: ArrayLike<number>
  /** How many of the entries are deletions. */
  readonly tombstones: number
}

/** Bytes of the file by section, including block trailers. */
export interface TableSize {
  readonly bytes: number
  readonly dataBytes: number
  readonly filterBytes: number
  readonly indexBytes: number
  /** Properties, metaindex and footer. */
  readonly metaBytes: number
}

export function tableSize(entries: EntrySizes, options: TableSizeOptions): TableSize {
  const { count, keyLengths, sharedLengths, valueLengths, tombstones } = entries
  const { blockBytes, restartInterval, bitsPerKey } = options
  let distinctKeys = 0
  let rawKeyBytes = 0
  let rawValueBytes = 0
  let dataBytes = 0
  let dataBlocks = 0
  let indexPayload = RESTART_BYTES
  let blockLength = 0
  let blockEntries = 0
  let restarts = 0
  let sinceRestart = 0
  const finishBlock = (lastKeyLength: number) => {
    const payload = blockLength + (restarts + 1) * RESTART_BYTES
    indexPayload += indexEntryBytes(lastKeyLength, dataBytes, payload)
    dataBytes += payload + BLOCK_TRAILER_BYTES
    dataBlocks++
    blockLength = 0
    blockEntries = 0
    restarts = 0
    sinceRestart = 0
  }
  for (let i = 0; i < count; i++) {
    const keyLength = keyLengths[i]!
    const valueLength = valueLengths[i]!
    const common = sharedLengths[i]!
    if (i === 0 || common < keyLength || keyLength !== keyLengths[i - 1]!) distinctKeys++
    const blockSoFar = blockLength + (restarts + 1) * RESTART_BYTES
    if (blockEntries > 0 && blockSoFar + entryBytesBound(keyLength, valueLength) > blockBytes) {
      finishBlock(keyLengths[i - 1]!)
    }
    let shared = common
    if (blockEntries === 0 || sinceRestart === restartInterval) {
      restarts++
      sinceRestart = 0
      shared = 0
    }
    const suffix = keyLength - shared + TRAILER_BYTES
    const header = varintBytes(shared) + varintBytes(suffix) + varintBytes(valueLength)
    blockLength += header + suffix + valueLength
    blockEntries++
    sinceRestart++
    rawKeyBytes += keyLength
    rawValueBytes += valueLength
  }
  finishBlock(keyLengths[count - 1]!)
  const totals = { entries: count, tombstones, rawKeyBytes, rawValueBytes, dataBlocks, dataBytes }
  const filter = bitsPerKey > 0 ? filterBytes(distinctKeys, bitsPerKey) : 0
  return sizeOf(dataBytes, filter, indexPayload, metaBytesOf(totals, indexPayload, filter))
}

/** Sums over a table, and the mean prefix that neighbours share, for use without its entries. */
export interface TableAverages {
  readonly entries: number
  readonly rawKeyBytes: number
  readonly rawValueBytes: number
  /** Mean number of bytes that a key shares with the previous one. */
  readonly sharedBytes: number
}

/**
 * Approximate size of a table of distinct keys, from averages: within 1 % if entries are alike.
 * Results are whole numbers, because they stand for file sizes.
 */
export function estimateTableSize(table: TableAverages, options: TableSizeOptions): TableSize {
  const { entries, rawKeyBytes, rawValueBytes, sharedBytes } = table
  const { blockBytes, restartInterval, bitsPerKey } = options
  const keyLength = rawKeyBytes / entries
  const valueLength = rawValueBytes / entries
  const bound = entryBytesBound(keyLength, valueLength)
  const suffix = keyLength - sharedBytes + TRAILER_BYTES
  const header = varintBytes(sharedBytes) + varintBytes(suffix) + varintBytes(valueLength)
  const restart = (RESTART_BYTES + sharedBytes) / restartInterval
  const stored = header + suffix + valueLength + restart
  // An entry enters the block while its upper bound fits, whatever size it then really takes.
  const perBlock = Math.max(1, Math.floor(1 + (blockBytes - RESTART_BYTES - bound) / stored))
  const dataBlocks = Math.ceil(entries / perBlock)
  const restartsPerBlock = Math.ceil(perBlock / restartInterval)
  const perBlockBytes =
    (restartsPerBlock + 1) * RESTART_BYTES + restartsPerBlock * sharedBytes + BLOCK_TRAILER_BYTES
  const dataBytes = Math.round(
    entries * (header + suffix + valueLength) + dataBlocks * perBlockBytes,
  )
  const perHandle = indexEntryBytes(Math.round(keyLength), dataBytes / 2, dataBytes / dataBlocks)
  const filter = bitsPerKey > 0 ? filterBytes(entries, bitsPerKey) : 0
  const indexPayload = RESTART_BYTES + dataBlocks * perHandle
  return sizeOf(dataBytes, filter, indexPayload, TYPICAL_META_BYTES)
}

interface Totals {
  readonly entries: number
  readonly tombstones: number
  readonly rawKeyBytes: number
  readonly rawValueBytes: number
  readonly dataBlocks: number
  readonly dataBytes: number
}

/** Filter and index are given as payload sizes; a filter of 0 bytes means none. */
function sizeOf(
  dataBytes: number,
  filter: number,
  indexPayload: number,
  metaBytes: number,
): TableSize {
  const filterStored = filter === 0 ? 0 : filter + BLOCK_TRAILER_BYTES
  const indexBytes = indexPayload + BLOCK_TRAILER_BYTES
  const bytes = dataBytes + filterStored + indexBytes + metaBytes
  return { bytes, dataBytes, filterBytes: filterStored, indexBytes, metaBytes }
}

function metaBytesOf(totals: Totals, indexPayload: number, filter: number): number {
  const body = sizeOf(totals.dataBytes, filter, indexPayload, 0)
  const properties = encodeProperties({ ...totals, ...body, rangeDeletions: 0 }, 'none').length
  const handle: BlockHandle | null =
    filter === 0 ? null : { offset: totals.dataBytes, bytes: filter }
  const metaindex = encodeMetaindex(handle, { offset: body.bytes, bytes: properties }, null).length
  return properties + metaindex + 2 * BLOCK_TRAILER_BYTES + FOOTER_BYTES
}

/**
 * The meta section of tables differs only by a few bytes of varints, so one size is used for all.
 */
const TYPICAL_META_BYTES = metaBytesOf(
  {
    entries: 2 ** 16,
    tombstones: 0,
    rawKeyBytes: 2 ** 20,
    rawValueBytes: 2 ** 26,
    dataBlocks: 2 ** 14,
    dataBytes: 2 ** 26,
  },
  2 ** 20,
  2 ** 16,
)

/** Each index entry is a restart: nothing shared, the internal key, the block's handle. */
function indexEntryBytes(keyLength: number, offset: number, payload: number): number {
  const handle = varintBytes(offset) + varintBytes(payload)
  const key = keyLength + TRAILER_BYTES
  return 1 + varintBytes(key) + varintBytes(handle) + key + handle + RESTART_BYTES
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes++
  return bytes
}
