/**
 * Owns what was committed while transactions are open: which keys, with which sequence numbers. A
 * commit is checked against it. It is kept in memtables without values, so that writing it makes no
 * object an entry, and a range is found by one search.
 *
 * Invariants: for every open transaction it knows each commit after its snapshot, unless `floor`
 * says that the oldest were given up. While no transaction is open it holds nothing, and commits do
 * not reach it. Moves of values in the value log are not commits; nobody notes them.
 */

import { compareBytes, compareRanges } from '../base/compare.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { keyBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX, type SeqNum } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { ArenaPool } from '../memtable/arena-pool.ts'
import { MemTable } from '../memtable/memtable.ts'
import type { KeyRange } from '../version/key-range.ts'
import type { WriteBatch, WriteBatchSink } from '../wal/write-batch.ts'
import type { KeySpan } from './span-set.ts'

/** A commit that a transaction did not see. */
export interface NewerCommit {
  /** A key that it wrote, or the first of a range that it deleted. */
  readonly key: Uint8Array
  readonly seq: SeqNum
}

/** An open transaction, as the history sees it. */
export interface HistoryReader {
  readonly snapshotSeq: SeqNum
}

export interface CommitHistoryOptions {
  /** Entries of one part. The oldest part goes when no open transaction needs it. */
  readonly partEntries: number
  /** Parts that are kept. With more, the oldest goes, and its readers can no longer commit. */
  readonly partsMax: number
}

/** Half a million commits of one entry. With arenas of 800 KiB that is 50 MiB at most. */
const DEFAULTS: CommitHistoryOptions = { partEntries: 8192, partsMax: 64 }
/** A part with so many bytes of keys takes no more batches. */
const PART_KEY_BYTES = 256 * 1024
/** Room for both limits, because an arena that has grown is not used again. */
const PART_CAPACITY_BYTES = 2 * PART_KEY_BYTES

export class CommitHistory {
  /** Commits up to this one may be missing. */
  floor: SeqNum = 0
  readonly #options: CommitHistoryOptions
  /** In the order of their snapshots, which is that of their begins. */
  readonly #open = new Set<HistoryReader>()
  /** Oldest first; the last one takes what is noted. */
  #parts: MemTable[] = []
  readonly #arenas = new ArenaPool()
  readonly #inserter = new KeyInserter()
  readonly #lookup = new Lookup()
  /** Everything up to this number is noted, or was before the first open transaction. */
  #notedSeq: SeqNum = 0

  constructor(options: CommitHistoryOptions = DEFAULTS) {
    this.#options = options
  }

  /** Whether commits have to be noted. */
  get isActive(): boolean {
    return this.#open.size > 0
  }

  /** Number of open transactions. */
  get openCount(): number {
    return this.#open.size
  }

  /** The snapshot of the oldest open transaction; null if none is open. */
  get oldestSnapshotSeq(): SeqNum | null {
    const [oldest] = this.#open
    return oldest?.snapshotSeq ?? null
  }

  /** Number of commits' entries that are kept. */
  get entries(): number {
    return this.#parts.reduce((sum, { entries }) => sum + entries, 0)
  }

  /** From now on commits are noted for `reader`, whose snapshot is the newest commit. */
  begin(reader: HistoryReader): void {
    if (!this.isActive) this.#notedSeq = reader.snapshotSeq
    this.#open.add(reader)
  }

  /** `reader` needs no commits any more. Idempotent. */
  end(reader: HistoryReader): void {
    if (!this.#open.delete(reader)) return
    const neededAfter = this.oldestSnapshotSeq ?? SEQ_NUM_MAX
    while (this.#parts.length > 0 && this.#parts[0]!.seqMax <= neededAfter) {
      this.#parts.shift()!.release()
    }
  }

  /** Notes a batch whose first record has `seq`. A batch that is known already is not added. */
  note(batch: WriteBatch, seq: SeqNum): void {
    if (!this.isActive || batch.count === 0 || seq <= this.#notedSeq) return
    const part = this.#partToFill()
    this.#inserter.insert(batch, seq, part)
    this.#notedSeq = seq + batch.count - 1
  }

  /**
   * Notes a commit that may have written any key of `ranges`, all with `seq`. They are kept as
   * deleted ranges, which are found by the same searches.
   */
  noteRanges(ranges: readonly KeyRange[], seq: SeqNum): void {
    if (!this.isActive) return
    for (const { smallest, largest, isOpen } of ranges) {
      // The smallest key after `largest` is `largest` with a zero byte.
      const toBytes = largest.length + (isOpen === true ? 0 : 1)
      const keys = new Uint8Array(smallest.length + toBytes)
      keys.set(smallest)
      keys.set(largest, smallest.length)
      const part = this.#partToFill()
      part.addRangeDeletion(seq, keys, 0, smallest.length, smallest.length, toBytes)
    }
    this.#notedSeq = seq
  }

  /** The newest commit of `key` after `seq`, or null. */
  newerOf(key: Uint8Array, seq: SeqNum): NewerCommit | null {
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const part = this.#parts[index]!
      if (part.seqMax <= seq) return null
      if (part.get(key, SEQ_NUM_MAX, this.#lookup)) {
        return this.#lookup.seq > seq ? { key, seq: this.#lookup.seq } : null
      }
    }
    return null
  }

  /** A commit after `seq` of a key in `span`, or null. */
  newerIn({ lower, upper }: KeySpan, seq: SeqNum): NewerCommit | null {
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const part = this.#parts[index]!
      if (part.seqMax <= seq) return null
      const deletion = newerDeletion(part, { lower, upper }, seq)
      if (deletion !== null) return deletion
      const cursor = part.cursor()
      if (lower === undefined) cursor.seekToFirst()
      else cursor.seek(lower, SEQ_NUM_MAX)
      for (; cursor.valid && !isPast(cursor, upper); cursor.next()) {
        if (cursor.seq > seq) return { key: keyBytesOf(cursor), seq: cursor.seq }
      }
    }
    return null
  }

  #partToFill(): MemTable {
    const { partEntries, partsMax } = this.#options
    const last = this.#parts.at(-1)
    const isFull = last === undefined || last.entries >= partEntries
    if (!isFull && last.rawBytes < PART_KEY_BYTES) return last
    if (this.#parts.length === partsMax) {
      const oldest = this.#parts.shift()!
      this.floor = oldest.seqMax
      oldest.release()
    }
    const part = new MemTable({
      capacityBytes: PART_CAPACITY_BYTES,
      seed: 1,
      arenas: this.#arenas,
    })
    this.#parts.push(part)
    return part
  }
}

/** A deletion after `seq` of a range that meets the span, or null. */
function newerDeletion(part: MemTable, { lower, upper }: KeySpan, seq: SeqNum): NewerCommit | null {
  const { rangeDeletions } = part
  if (rangeDeletions === null) return null
  const { fragments } = rangeDeletions
  const first = lower === undefined ? 0 : rangeDeletions.indexOf(lower, 0, lower.length)
  for (let at = first; at < fragments.length; at++) {
    const { from, seqs } = fragments[at]!
    if (upper !== undefined && compareBytes(from, upper) >= 0) return null
    if (seqs[0]! > seq) return { key: from, seq: seqs[0]! }
  }
  return null
}

function isPast(cursor: InternalCursor, upper: Uint8Array | undefined): boolean {
  if (upper === undefined) return false
  const { keyBytes, keyStart, keyLength } = cursor
  return compareRanges(keyBytes, keyStart, keyLength, upper, 0, upper.length) >= 0
}

/** Adds the keys of a batch to a part. */
class KeyInserter implements WriteBatchSink {
  #part: MemTable | null = null
  #seq = 0

  insert(batch: WriteBatch, seq: SeqNum, part: MemTable): void {
    this.#part = part
    this.#seq = seq
    batch.forEach(this)
  }

  put(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#add(ENTRY_KIND.value, bytes, keyStart, keyLength)
  }

  putPointer(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#add(ENTRY_KIND.value, bytes, keyStart, keyLength)
  }

  delete(bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#add(ENTRY_KIND.deletion, bytes, keyStart, keyLength)
  }

  /** As the memtable takes it (`db/memtable-inserter.ts`). */
  deleteRange(
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void {
    const seq = this.#seq++
    if (compareRanges(bytes, fromStart, fromLength, bytes, toStart, toLength) >= 0) return
    this.#part!.addRangeDeletion(seq, bytes, fromStart, fromLength, toStart, toLength)
  }

  #add(kind: number, bytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#part!.add(this.#seq++, kind, bytes, keyStart, keyLength, bytes, 0, 0)
  }
}
