/**
 * Owns what can be read of a table that may be damaged: it leaves out data blocks that do not pass
 * their checksum, a damaged filter, and range deletions that cannot be read. Footer, metaindex,
 * properties and index must be sound.
 *
 * Invariant: every entry that it shows was written into the table, and they ascend.
 */

import { compareBytes } from '../base/compare.ts'
import { corruption, isLsmError } from '../base/errors.ts'
import { type InternalCursor, keyBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { RangeDeletions } from '../base/range-deletions.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import type { ReadableFile } from '../storage/storage.ts'
import { BlockCursor } from './block-cursor.ts'
import { BlockIndex, decodeIndexEntries, type IndexEntry } from './block-index.ts'
import { decodeRangeDeletions } from './range-deletion-block.ts'
import { readBlock } from './stored-block.ts'
import { TableBlocks } from './table-blocks.ts'
import { TableCursor } from './table-cursor.ts'
import { handleOf, readDirectory } from './table-directory.ts'
import { BLOCK_TRAILER_BYTES, type BlockHandle, METAINDEX_NAME } from './table-format.ts'

/** A block that cannot be read. */
export interface UnreadableBlock {
  readonly offset: number
  /** Stored bytes, with the trailer. */
  readonly bytes: number
  readonly what: 'data' | 'range deletions'
  /** The first fault. */
  readonly reason: string
  /** Where the user keys of a data block lie, by the index; null for range deletions. */
  readonly keys: KeySpan | null
}

/** User keys from `from` (null: from the first) to `to`. It may hold keys that are not meant. */
export interface KeySpan {
  readonly from: Uint8Array | null
  readonly to: Uint8Array
}

export interface ReadablePart {
  readonly entries: number
  readonly seqMax: number
  /** The user keys of the entries; null without entries. */
  readonly range: { readonly smallest: Uint8Array; readonly largest: Uint8Array } | null
  /** Null if there are none, or if they cannot be read. */
  readonly rangeDeletions: RangeDeletions | null
  readonly unreadable: readonly UnreadableBlock[]
}

/** Whether the error says that stored bytes are damaged, and not that the system failed. */
export function isDamage(error: unknown): boolean {
  if (isLsmError(error, 'LSM_IO')) return error.data.errno === 'EIO'
  return isLsmError(error, 'LSM_CORRUPTION') || isLsmError(error, 'LSM_INVALID_ARGUMENT')
}

/**
 * Reads the whole table. Throws `LSM_CORRUPTION` or `LSM_INVALID_ARGUMENT` if nothing of it can be
 * read. The caller keeps ownership of `file`.
 */
export function readablePart(file: ReadableFile): ReadablePart {
  const { path } = file
  const { metaindex } = readDirectory(file)
  const unreadable: UnreadableBlock[] = []
  const walk = new BlockWalk(path)
  let from: Uint8Array | null = null
  for (const { handle, userKey } of indexOf(file)) {
    try {
      walk.take(readBlock(file, handle, 'data'), handle.offset)
    } catch (error) {
      if (!isDamage(error)) throw error
      unreadable.push(unreadableAt(handle, 'data', error, { from, to: userKey.slice() }))
    }
    from = userKey.slice()
  }
  let rangeDeletions: RangeDeletions | null = null
  const handle = handleOf(metaindex, METAINDEX_NAME.rangeDeletions, file)
  if (handle !== null) {
    try {
      rangeDeletions = decodeRangeDeletions(readBlock(file, handle, 'meta'), path)
    } catch (error) {
      if (!isDamage(error)) throw error
      unreadable.push(unreadableAt(handle, 'range deletions', error, null))
    }
  }
  const deletionSeqs = (rangeDeletions?.fragments ?? []).map(({ seqs }) => seqs[0]!)
  const seqMax = deletionSeqs.reduce((most, seq) => Math.max(most, seq), walk.seqMax)
  return { entries: walk.entries, seqMax, range: walk.range, rangeDeletions, unreadable }
}

function unreadableAt(
  { offset, bytes }: BlockHandle,
  what: UnreadableBlock['what'],
  error: unknown,
  keys: KeySpan | null,
): UnreadableBlock {
  const reason = (error as Error).message
  return { offset, bytes: bytes + BLOCK_TRAILER_BYTES, what, reason, keys }
}

/** A cursor over the entries, without the blocks at the offsets of `unreadable`. */
export function readableCursor(
  file: ReadableFile,
  id: number,
  unreadable: readonly UnreadableBlock[],
): InternalCursor {
  const without = new Set(unreadable.map(({ offset }) => offset))
  const entries = indexOf(file).filter(({ handle }) => !without.has(handle.offset))
  const blocks = new TableBlocks(file.path, id, new BlockIndex(entries), new BlockCache(0))
  return new TableCursor(blocks, { file, counters: new ReadCounters(), fillCache: false })
}

function indexOf(file: ReadableFile): readonly IndexEntry[] {
  const { layout, indexHandle } = readDirectory(file)
  return decodeIndexEntries(readBlock(file, indexHandle, 'index'), layout, file.path, file.bytes)
}

/** Takes blocks as a whole or not at all. */
class BlockWalk {
  entries = 0
  seqMax = 0
  range: ReadablePart['range'] = null
  #lastSeq = 0
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  take(block: Uint8Array, offset: number): void {
    const fault = (what: string) => corruption(what, { path: this.#path, offset })
    const cursor = new BlockCursor(this.#path)
    cursor.open(block, offset)
    cursor.seekToFirst()
    let smallest = this.range?.smallest ?? null
    let largest = this.range?.largest ?? null
    let { entries, seqMax } = this
    let lastSeq = this.#lastSeq
    for (; cursor.valid; cursor.next()) {
      const { seq, kind } = cursor
      const key = keyBytesOf(cursor)
      const order = largest === null ? -1 : compareBytes(largest, key)
      if (order > 0 || (order === 0 && seq >= lastSeq)) throw fault('entries out of order')
      if (!KINDS.includes(kind)) throw fault(`entry of unknown kind ${kind}`)
      smallest ??= key
      largest = key
      lastSeq = seq
      entries++
      seqMax = Math.max(seqMax, seq)
    }
    if (smallest === null || largest === null) throw fault('block without entries')
    this.range = { smallest, largest }
    this.entries = entries
    this.seqMax = seqMax
    this.#lastSeq = lastSeq
  }
}

const KINDS: readonly number[] = [ENTRY_KIND.value, ENTRY_KIND.deletion, ENTRY_KIND.blobIndex]
