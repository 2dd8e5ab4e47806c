/**
 * Owns the memtable: the newest writes in internal order, in one SharedArrayBuffer (`skiplist.ts`),
 * with the sums that a flush needs for its table. Invariant: entries are only added, and each (key,
 * seq) only once. The database rotates the memtable on `rawBytes` (user key + value, or the pointer
 * in place of the value), never on arena bytes, so that the moment of a flush depends only on the
 * data.
 */

import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'
import { HEAD_BYTES, NO_NODE, NODE_OVERHEAD_BYTES, SkipList } from './skiplist.ts'

export interface MemTableOptions {
  /** Raw bytes expected before rotation. More bytes, or many small entries, make the arena grow. */
  readonly capacityBytes: number
  /** Seed of the node heights: equal seeds and writes give equal arenas. */
  readonly seed: number
  /** A memtable that nothing reads any more. Its arena is reused if it fits. */
  readonly spent?: MemTable
}

/**
 * Everything another thread needs to read a memtable. Posting it copies the sums and shares the
 * arena.
 */
export interface SharedMemTable extends Sums {
  readonly arena: SharedArrayBuffer
}

type Sums = Pick<
  MemTable,
  | 'rawBytes'
  | 'rawKeyBytes'
  | 'entries'
  | 'tombstones'
  | 'seqMin'
  | 'seqMax'
  | 'firstWriteAtMs'
  | 'firstTombstoneAtMs'
>

/** The first arena has room for the overhead of entries of at least this raw size. */
const ENTRY_BYTES_EXPECTED = 64

export class MemTable {
  #list: SkipList

  // Plain fields, because the write path is hot. Only `add` and `noteWriteTime` set them.
  /** Σ user-key and value bytes added. */
  rawBytes = 0
  rawKeyBytes = 0
  entries = 0
  /** Deletions among `entries`. */
  tombstones = 0
  /** SEQ_NUM_MAX while empty. */
  seqMin = SEQ_NUM_MAX
  /** 0 while empty. */
  seqMax = 0
  /** Clock time of the first write; null before it. */
  firstWriteAtMs: number | null = null
  firstTombstoneAtMs: number | null = null

  constructor({ capacityBytes, seed, spent }: MemTableOptions) {
    const overheadBytes = (capacityBytes / ENTRY_BYTES_EXPECTED) * NODE_OVERHEAD_BYTES
    const arenaBytes = HEAD_BYTES + 4 * Math.ceil((capacityBytes + overheadBytes) / 4)
    const idle = spent?.arenaBytes === arenaBytes ? spent.#list.bytes.fill(0).buffer : null
    this.#list = new SkipList(idle ?? new SharedArrayBuffer(arenaBytes), seed)
  }

  /** A read-only memtable over an arena that another thread shared. */
  static over({ arena, ...sums }: SharedMemTable): MemTable {
    const table = new MemTable({ capacityBytes: 0, seed: 0 })
    table.#list = new SkipList(arena, 0)
    return Object.assign(table, sums)
  }

  /**
   * Makes a memtable readable in another thread, by `over`. While this thread adds entries, the
   * other sees every entry that was added before it looks, until the arena grows. A memtable that
   * is still written to must then be shared again.
   */
  share(): SharedMemTable {
    const { rawBytes, rawKeyBytes, entries, tombstones } = this
    const { seqMin, seqMax, firstWriteAtMs, firstTombstoneAtMs } = this
    return {
      arena: this.#list.bytes.buffer,
      rawBytes,
      rawKeyBytes,
      entries,
      tombstones,
      seqMin,
      seqMax,
      firstWriteAtMs,
      firstTombstoneAtMs,
    }
  }

  get isEmpty(): boolean {
    return this.entries === 0
  }

  /** Size of the arena, including its unused part. */
  get arenaBytes(): number {
    return this.#list.bytes.length
  }

  /** Adds an entry, copying key and value. (key, seq) must be new. */
  add(
    seq: number,
    kind: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    this.#list.insert(seq, kind, keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength)
    this.rawBytes += keyLength + valueLength
    this.rawKeyBytes += keyLength
    this.entries++
    if (kind === ENTRY_KIND.deletion) this.tombstones++
    if (seq < this.seqMin) this.seqMin = seq
    if (seq > this.seqMax) this.seqMax = seq
  }

  /**
   * Records the time of a write, which may be past, for the entry ages. Call it once per batch or
   * entry.
   */
  noteWriteTime(atMs: number, hasTombstone: boolean): void {
    this.firstWriteAtMs = Math.min(this.firstWriteAtMs ?? atMs, atMs)
    if (hasTombstone) this.firstTombstoneAtMs = Math.min(this.firstTombstoneAtMs ?? atMs, atMs)
  }

  /**
   * Fills `lookup` with the newest version of `userKey` at or before `seq` and returns true, or
   * returns false. The value is borrowed from the arena. Copy it if you keep it: a view would keep
   * the whole arena alive.
   */
  get(userKey: Uint8Array, seq: number, lookup: Lookup): boolean {
    const list = this.#list
    const node = list.atOrAfter(userKey, seq)
    if (node === NO_NODE || !list.hasKey(node, userKey)) return false
    list.loadLookup(node, lookup)
    return true
  }

  /** A cursor that stays usable while entries are added, and sees the new ones ahead of it. */
  cursor(): InternalCursor {
    return new MemTableCursor(this.#list)
  }
}

class MemTableCursor extends CursorFields implements InternalCursor {
  readonly #list: SkipList
  #node = NO_NODE

  constructor(list: SkipList) {
    super()
    this.#list = list
  }

  seekToFirst(): void {
    this.#moveTo(this.#list.first())
  }

  seekToLast(): void {
    this.#moveTo(this.#list.last())
  }

  seek(userKey: Uint8Array, seq: number): void {
    this.#moveTo(this.#list.atOrAfter(userKey, seq))
  }

  next(): void {
    this.#moveTo(this.#list.after(this.#node))
  }

  prev(): void {
    this.#moveTo(this.#list.before(this.#node))
  }

  #moveTo(node: number): void {
    this.#node = node
    this.valid = node !== NO_NODE
    if (this.valid) this.#list.loadCursor(node, this)
  }
}
