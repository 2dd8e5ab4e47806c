/**
 * Owns the memtable: the newest writes in internal order, in one SharedArrayBuffer (`skiplist.ts`),
 * with the sums that a flush needs for its table. Range deletions lie in the same arena. Each
 * thread that reads it keeps their fragments, and adds those that came since. Invariants: entries
 * are only added, and each (key, seq) only once; the arena goes to another memtable only when
 * nobody holds this one. The database rotates the memtable on `rawBytes` (user key + value, or the
 * pointer in place of the value), never on arena bytes, so that the moment of a flush depends only
 * on the data. */

import { assert } from '../base/assert.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'
import { RangeDeletions } from '../base/range-deletions.ts'
import type { ArenaPool } from './arena-pool.ts'
import { HEAD_BYTES, NO_NODE, NODE_OVERHEAD_BYTES, newArena, SkipList } from './skiplist.ts'

export interface MemTableOptions {
  /** Raw bytes expected before rotation. More bytes, or many small entries, make the arena grow. */
  readonly capacityBytes: number
  /** Seed of the node heights: equal seeds and writes give equal arenas. */
  readonly seed: number
  /** Provides the arena, and gets it back at the last release. Default: a new arena. */
  readonly arenas?: ArenaPool
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
  readonly #list: SkipList
  readonly #arenas: ArenaPool | null
  readonly #rangeDeletions = new RangeDeletions()
  /** The newest one in `#rangeDeletions`. */
  #newestRangeDeletion = NO_NODE
  /** How many users may still read the arena. The first is who made the memtable. */
  #holds = 1

  // Plain fields, because the write path is hot. Only the methods that add and `noteWriteTime` set
  // them.
  /** Σ user-key and value bytes added; of a range deletion, both keys. */
  rawBytes = 0
  rawKeyBytes = 0
  entries = 0
  /** Deletions among `entries`, those of ranges included. */
  tombstones = 0
  /** SEQ_NUM_MAX while empty. */
  seqMin = SEQ_NUM_MAX
  /** 0 while empty. */
  seqMax = 0
  /** Clock time of the first write; null before it. */
  firstWriteAtMs: number | null = null
  firstTombstoneAtMs: number | null = null

  constructor(options: MemTableOptions | SharedMemTable) {
    if ('arena' in options) {
      const { arena, ...sums } = options
      this.#arenas = null
      this.#list = new SkipList(arena, null)
      Object.assign(this, sums)
      return
    }
    const { capacityBytes, seed, arenas } = options
    const overheadBytes = (capacityBytes / ENTRY_BYTES_EXPECTED) * NODE_OVERHEAD_BYTES
    const arenaBytes = HEAD_BYTES + 4 * Math.ceil((capacityBytes + overheadBytes) / 4)
    this.#arenas = arenas ?? null
    this.#list = new SkipList(arenas?.take(arenaBytes) ?? newArena(arenaBytes), seed)
  }

  /** A read-only memtable over an arena that is filled elsewhere, also in another thread. */
  static over(shared: SharedMemTable): MemTable {
    return new MemTable(shared)
  }

  /**
   * Makes a memtable readable in another thread, by `over`. While this thread adds entries, the
   * other sees every entry up to the `VisibleSeq` that it loads before it reads. The sums stay as
   * they are now. Hold this memtable until the other thread has finished.
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

  /** Keeps the arena as it is until `release` is called once more. */
  hold(): void {
    assert(this.#holds > 0, 'the memtable has a hold')
    this.#holds++
  }

  /** Ends a hold. After the last one the next memtable may take the arena: nobody may read it. */
  release(): void {
    assert(this.#holds > 0, 'the memtable has a hold')
    this.#holds--
    if (this.#holds === 0) this.#arenas?.give(this.#list.bytes.buffer)
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
   * Adds a deletion of a range that is not empty, copying both keys, which are parts of `bytes`.
   * `seq` must be new.
   */
  addRangeDeletion(
    seq: number,
    bytes: Uint8Array,
    fromStart: number,
    fromLength: number,
    toStart: number,
    toLength: number,
  ): void {
    this.#list.insertRangeDeletion(seq, bytes, fromStart, fromLength, bytes, toStart, toLength)
    this.rawBytes += fromLength + toLength
    this.rawKeyBytes += fromLength
    this.entries++
    this.tombstones++
    if (seq < this.seqMin) this.seqMin = seq
    if (seq > this.seqMax) this.seqMax = seq
  }

  /** The range deletions so far, or null if there are none. Later additions change the object. */
  get rangeDeletions(): RangeDeletions | null {
    const newest = this.#list.newestRangeDeletion()
    if (newest === NO_NODE) return null
    if (newest !== this.#newestRangeDeletion) this.#takeRangeDeletions(newest)
    return this.#rangeDeletions
  }

  #takeRangeDeletions(newest: number): void {
    const list = this.#list
    const nodes: number[] = []
    for (let node = newest; node !== this.#newestRangeDeletion; ) {
      nodes.push(node)
      node = list.rangeDeletionBefore(node)
    }
    const entry = new CursorFields()
    for (const node of nodes.reverse()) {
      list.loadCursor(node, entry)
      const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength, seq } = entry
      const from = keyBytes.slice(keyStart, keyStart + keyLength)
      const to = valueBytes.slice(valueStart, valueStart + valueLength)
      this.#rangeDeletions.add({ from, to, seq })
    }
    this.#newestRangeDeletion = newest
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
   * returns false. A newer deletion of a range with the key is found as a deletion of the key. The
   * value is borrowed from the arena. Copy it if you keep it: a view would keep the whole arena
   * alive.
   */
  get(userKey: Uint8Array, seq: number, lookup: Lookup): boolean {
    const list = this.#list
    const node = list.atOrAfter(userKey, seq)
    const isFound = node !== NO_NODE && list.hasKey(node, userKey)
    if (isFound) list.loadLookup(node, lookup)
    const { rangeDeletions } = this
    return rangeDeletions === null ? isFound : rangeDeletions.answer(userKey, seq, lookup, isFound)
  }

  /**
   * A cursor over the keys. It stays usable while entries are added, and sees the new ones ahead of
   * it.
   */
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
