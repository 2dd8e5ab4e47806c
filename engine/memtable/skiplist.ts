/**
 * Owns the arena skiplist under the memtable: one SharedArrayBuffer, no object per entry. The index
 * of its first header word identifies a node. A node's links lie in front of that word, so that the
 * key is at a fixed distance and no height is stored (RocksDB's `InlineSkipList`; Pugh 1990). The
 * arena reserves address space and grows in place: nothing is copied, and every thread that has the
 * buffer sees the new part.
 *
 *   +---------------------+--------+---------------+------------+-------+------+-----+
 *   | link[height-1] … 0  | prefix | trailer, u64  | key length | value | key  | pad |
 *   | u32 each            | u32    | low u32, high | u32        | u32   |      | 0-3 |
 *   +---------------------+--------+---------------+------------+-------+------+-----+
 *                         ^ node                                   |
 *                     +--------------+-------+-----+               |
 *                     | value length | value | pad |  <------------+ index of the value
 *                     | u32          |       | 0-3 |
 *                     +--------------+-------+-----+
 *
 * Prefix: the first four key bytes, big-endian, zero padded; most comparisons end there. Trailer:
 * seq << 8 | kind. The arena starts with the head, a node that has only links. A link of 0 ends a
 * level. Range deletions lie apart from the skiplist, in a chain: the word behind the head's links
 * leads to the newest, and the only link of each leads to the one before it. Its key is the range's
 * first key, its value the key where the range ends. Values lie apart from the nodes, many in one
 * chunk: a descent reads only nodes, and more of them fit into the processor's cache.
 *
 * Invariant: level 0 links all nodes in internal order, level i + 1 a subset of level i. A link is
 * published with `Atomics.store` after the node that it points to is complete, lowest level first.
 * Only links ever change, so other threads may read while one thread inserts.
 *
 * A node has a higher index than all nodes that were added before it. So a reading thread needs an
 * atomic load only for a link that leads beyond `#complete`, the highest index that it has loaded
 * atomically: that load makes the node, and every node before it, complete for this thread.
 */

import { assert } from '../base/assert.ts'
import { copyRange } from '../base/copy.ts'
import type { CursorFields } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'

/** Enough for 4^12 entries, as one node in four reaches the next level. */
const HEIGHT_MAX = 12
/** The head has no header. Its links fill the words before this index. */
const HEAD = HEIGHT_MAX
/** The word that leads to the newest range deletion. */
const CHAIN = HEAD
const HEAD_WORDS = HEAD + 1

/** Words of a node's header. */
const PREFIX = 0
const TRAILER_LOW = 1
const TRAILER_HIGH = 2
const KEY_LENGTH = 3
const VALUE = 4
const HEADER_WORDS = 5

/** Words in front of a value's bytes. */
const VALUE_HEADER_WORDS = 1
/** A chunk of values is this part of the first arena, so that its unused end is small. */
const CHUNKS_PER_ARENA = 64
/** A value that takes a larger part of a chunk lies alone, so that no chunk is left half empty. */
const VALUES_PER_CHUNK_MIN = 8

const WORD_BYTES = 4
const PREFIX_BYTES = 4
const TWO_POW_24 = 0x1000000
/** Node indexes stay at or below this number, the largest of V8's small integers. */
const NODE_MAX = 2 ** 31 - 1
/** Address space that an arena reserves. Memory is taken only for the part that is used. */
const ARENA_BYTES_MAX = 2 ** 31 * WORD_BYTES

/** The index of no node: the end in either direction. */
export const NO_NODE = 0

export const HEAD_BYTES = HEAD_WORDS * WORD_BYTES
/** Expected bytes of an entry besides key and value: two headers, 4/3 links, padding, chunk end. */
export const NODE_OVERHEAD_BYTES = 36

/** An arena of `bytes`, a multiple of 4. It can grow to `ARENA_BYTES_MAX`. */
export function newArena(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes, { maxByteLength: ARENA_BYTES_MAX })
}

export class SkipList {
  /**
   * Two views of the arena. They are replaced together when it has grown; the old ones stay valid.
   * Their length is fixed, because V8 accesses a view that follows its buffer's length more slowly.
   */
  words!: Uint32Array<SharedArrayBuffer>
  bytes!: Uint8Array<SharedArrayBuffer>
  #usedWords = HEAD_WORDS
  readonly #chunkWords: number
  /** The unused words of the latest chunk of values. */
  #chunkAt = 0
  #chunkEnd = 0
  /** Nodes up to this index are complete for this thread. */
  #complete: number
  #randomState: number
  /** On each level, the last node before the target of the latest descent. */
  readonly #path = new Uint32Array(HEIGHT_MAX)
  /** The node that was inserted last. */
  #last = HEAD
  /** Whether `#last` went right behind the node before it, so that the next one may too. */
  #isInOrder = false

  /**
   * Empties `arena` to insert into it. With null as `seed`, opens it only to read: another list
   * fills it, in this thread or another one.
   */
  constructor(arena: SharedArrayBuffer, seed: number | null) {
    this.#view(arena)
    this.#chunkWords = Math.floor(this.words.length / CHUNKS_PER_ARENA)
    if (seed === null) {
      this.#complete = NO_NODE
      this.#randomState = 0
    } else {
      // A used arena is not cleared behind the head: each node is written before it is linked.
      this.words.fill(NO_NODE, 0, HEAD_WORDS)
      this.#complete = NODE_MAX
      this.#randomState = seed | 0 || 1
    }
  }

  /** (key, seq) must be new. */
  insert(
    seq: number,
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    const height = this.#randomHeight()
    const node = this.#newNode(
      height,
      seq,
      kind,
      key,
      keyStart,
      keyLength,
      value,
      valueStart,
      valueLength,
    )
    const isFound = this.#isInOrder && this.#followsLast(key, keyStart, keyLength, seq)
    if (!isFound) this.#descend(key, keyStart, keyLength, seq)
    this.#publish(node, height)
  }

  /** Adds a range deletion to the chain, as its newest. */
  insertRangeDeletion(
    seq: number,
    from: Uint8Array,
    fromStart: number,
    fromLength: number,
    to: Uint8Array,
    toStart: number,
    toLength: number,
  ): void {
    const { rangeDeletion } = ENTRY_KIND
    const node = this.#newNode(
      1,
      seq,
      rangeDeletion,
      from,
      fromStart,
      fromLength,
      to,
      toStart,
      toLength,
    )
    this.words[linkOf(node, 0)] = this.words[CHAIN]!
    Atomics.store(this.words, CHAIN, node)
  }

  /** The newest range deletion, or NO_NODE. */
  newestRangeDeletion(): number {
    const node = this.words[CHAIN]!
    return node > this.#complete ? this.#meet(CHAIN) : node
  }

  /** The range deletion added before `node`, or NO_NODE. */
  rangeDeletionBefore(node: number): number {
    return this.words[linkOf(node, 0)]!
  }

  /** Writes a node that nothing leads to yet. Returns its index. */
  #newNode(
    height: number,
    seq: number,
    kind: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    value: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): number {
    const valueIndex = this.#allocateValue(wordsFor(valueLength))
    const node = height + this.#allocate(height + HEADER_WORDS + wordsFor(keyLength))
    const { words, bytes } = this
    copyRange(bytes, keyAt(node), key, keyStart, keyLength)
    words[valueIndex] = valueLength
    copyRange(bytes, valueAt(valueIndex), value, valueStart, valueLength)
    words[node + PREFIX] = prefixOf(key, keyStart, keyLength)
    words[node + TRAILER_LOW] = (seq % TWO_POW_24) * 256 + kind
    words[node + TRAILER_HIGH] = Math.floor(seq / TWO_POW_24)
    words[node + KEY_LENGTH] = keyLength
    words[node + VALUE] = valueIndex
    return node
  }

  first(): number {
    return this.after(HEAD)
  }

  last(): number {
    let node = HEAD
    for (let level = HEIGHT_MAX - 1; level >= 0; level--) {
      for (let next = this.#next(node, level); next !== NO_NODE; ) {
        node = next
        next = this.#next(node, level)
      }
    }
    return node === HEAD ? NO_NODE : node
  }

  after(node: number): number {
    return this.#next(node, 0)
  }

  /** Descends from the head, because there are no backward links. */
  before(node: number): number {
    const keyLength = this.words[node + KEY_LENGTH]!
    this.#descend(this.bytes, keyAt(node), keyLength, this.#seqOf(node))
    this.#isInOrder = false
    const found = this.#path[0]!
    return found === HEAD ? NO_NODE : found
  }

  /** The first node at or after (key, seq). */
  atOrAfter(key: Uint8Array, seq: number): number {
    this.#isInOrder = false
    return this.#descend(key, 0, key.length, seq)
  }

  hasKey(node: number, key: Uint8Array): boolean {
    if (this.words[node + KEY_LENGTH] !== key.length) return false
    const { bytes } = this
    const start = keyAt(node)
    for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return false
    return true
  }

  loadLookup(node: number, lookup: Lookup): void {
    const { words, bytes } = this
    const valueIndex = words[node + VALUE]!
    const kind = words[node + TRAILER_LOW]! & 0xff
    lookup.set(this.#seqOf(node), kind, bytes, valueAt(valueIndex), words[valueIndex]!)
  }

  loadCursor(node: number, cursor: CursorFields): void {
    const { words, bytes } = this
    const valueIndex = words[node + VALUE]!
    cursor.keyBytes = bytes
    cursor.keyStart = keyAt(node)
    cursor.keyLength = words[node + KEY_LENGTH]!
    cursor.seq = this.#seqOf(node)
    cursor.kind = words[node + TRAILER_LOW]! & 0xff
    cursor.valueBytes = bytes
    cursor.valueStart = valueAt(valueIndex)
    cursor.valueLength = words[valueIndex]!
  }

  #seqOf(node: number): number {
    const { words } = this
    return words[node + TRAILER_HIGH]! * TWO_POW_24 + (words[node + TRAILER_LOW]! >>> 8)
  }

  #next(node: number, level: number): number {
    const link = linkOf(node, level)
    const next = this.words[link]!
    return next > this.#complete ? this.#meet(link) : next
  }

  /** Loads a link that leads to a node which this thread has not met. */
  #meet(link: number): number {
    const node = Atomics.load(this.words, link)
    if (node > this.#complete) {
      this.#complete = node
      const arena = this.bytes.buffer
      if (arena.byteLength > this.bytes.length) this.#view(arena)
    }
    return node
  }

  /**
   * The first node at or after (key, seq), or NO_NODE. Fills `#path`; its first node is the last
   * one before (key, seq). The link between the two must not be loaded again to find the first: the
   * writing thread may have linked a node before (key, seq) into it.
   */
  #descend(key: Uint8Array, keyStart: number, keyLength: number, seq: number): number {
    let words = this.words
    const path = this.#path
    const prefix = prefixOf(key, keyStart, keyLength)
    let node = HEAD
    /** A node known not to be before the target. Meeting it again needs no comparison. */
    let bound = NO_NODE
    for (let level = HEIGHT_MAX - 1; level >= 0; level--) {
      for (;;) {
        let next = words[linkOf(node, level)]!
        if (next > this.#complete) {
          next = this.#meet(linkOf(node, level))
          words = this.words
        }
        if (next === bound) break
        const nextPrefix = words[next + PREFIX]!
        if (
          nextPrefix > prefix ||
          (nextPrefix === prefix && !this.#isBefore(next, key, keyStart, keyLength, seq))
        ) {
          bound = next
          break
        }
        node = next
      }
      path[level] = node
    }
    return bound
  }

  /** Whether `node`, whose prefix equals the target's, comes before (key, seq). */
  #isBefore(
    node: number,
    key: Uint8Array,
    keyStart: number,
    keyLength: number,
    seq: number,
  ): boolean {
    const { bytes } = this
    const nodeStart = keyAt(node)
    const nodeLength = this.words[node + KEY_LENGTH]!
    const shared = nodeLength < keyLength ? nodeLength : keyLength
    for (let i = PREFIX_BYTES; i < shared; i++) {
      const difference = bytes[nodeStart + i]! - key[keyStart + i]!
      if (difference !== 0) return difference < 0
    }
    // Equal so far. Short keys may be equal by zero padding: the shorter key is a prefix of the
    // other.
    if (nodeLength !== keyLength) return nodeLength < keyLength
    return this.#seqOf(node) > seq
  }

  /**
   * Whether (key, seq) goes right behind the node that was inserted last. Then `#path` leads there
   * without a descent. Keys that come in order always do; others would pay for the comparisons.
   */
  #followsLast(key: Uint8Array, keyStart: number, keyLength: number, seq: number): boolean {
    const { words } = this
    const prefix = prefixOf(key, keyStart, keyLength)
    const last = this.#last
    const lastPrefix = words[last + PREFIX]!
    if (lastPrefix > prefix) return false
    if (lastPrefix === prefix && !this.#isBefore(last, key, keyStart, keyLength, seq)) return false
    const next = words[linkOf(last, 0)]!
    if (next === NO_NODE) return true
    const nextPrefix = words[next + PREFIX]!
    if (nextPrefix !== prefix) return nextPrefix > prefix
    return !this.#isBefore(next, key, keyStart, keyLength, seq)
  }

  /** Links a complete node in after the nodes of `#path`. */
  #publish(node: number, height: number): void {
    const words = this.words
    const path = this.#path
    this.#isInOrder = path[0] === this.#last
    this.#last = node
    for (let level = 0; level < height; level++) {
      const link = linkOf(path[level]!, level)
      words[linkOf(node, level)] = words[link]!
      Atomics.store(words, link, node)
      path[level] = node
    }
  }

  /**
   * 1 plus a geometric draw: one more level with probability 1/4 each time. Xorshift32 (Marsaglia
   * 2003).
   */
  #randomHeight(): number {
    let state = this.#randomState
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#randomState = state
    const height = 1 + (Math.clz32(state) >>> 1)
    return height < HEIGHT_MAX ? height : HEIGHT_MAX
  }

  /** The index of `words` new words. */
  #allocate(words: number): number {
    const start = this.#usedWords
    this.#usedWords = start + words
    if (this.#usedWords > this.words.length) this.#grow(this.#usedWords)
    return start
  }

  /** The index of a new value whose bytes take `words`. */
  #allocateValue(words: number): number {
    const needed = VALUE_HEADER_WORDS + words
    const chunkWords = this.#chunkWords
    if (needed * VALUES_PER_CHUNK_MIN > chunkWords) return this.#allocate(needed)
    if (this.#chunkAt + needed > this.#chunkEnd) {
      this.#chunkAt = this.#allocate(chunkWords)
      this.#chunkEnd = this.#chunkAt + chunkWords
    }
    const start = this.#chunkAt
    this.#chunkAt = start + needed
    return start
  }

  #grow(neededWords: number): void {
    const neededBytes = neededWords * WORD_BYTES
    assert(neededBytes <= ARENA_BYTES_MAX, `an arena of ${neededBytes} bytes`)
    let bytes = this.bytes.length
    while (bytes < neededBytes) bytes *= 2
    const arena = this.bytes.buffer
    arena.grow(Math.min(bytes, ARENA_BYTES_MAX))
    this.#view(arena)
  }

  #view(arena: SharedArrayBuffer): void {
    const { byteLength } = arena
    this.words = new Uint32Array(arena, 0, byteLength / WORD_BYTES)
    this.bytes = new Uint8Array(arena, 0, byteLength)
  }
}

/** Index of the word that holds the link from `node` to the next node on `level`. */
function linkOf(node: number, level: number): number {
  return node - 1 - level
}

/** Index of the first byte of the node's key. */
function keyAt(node: number): number {
  return (node + HEADER_WORDS) * WORD_BYTES
}

/** Index of the first byte of a value. */
function valueAt(valueIndex: number): number {
  return (valueIndex + VALUE_HEADER_WORDS) * WORD_BYTES
}

function wordsFor(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES)
}

function prefixOf(key: Uint8Array, start: number, length: number): number {
  if (length >= PREFIX_BYTES) {
    return (
      ((key[start]! << 24) | (key[start + 1]! << 16) | (key[start + 2]! << 8) | key[start + 3]!) >>>
      0
    )
  }
  let prefix = 0
  for (let i = 0; i < length; i++) prefix |= key[start + i]! << (24 - 8 * i)
  return prefix >>> 0
}
