/**
 * Owns writes and reads that check each other across threads. A write is a batch of two puts, to
 * the two keys of a pair, with the same count. Every third first deletes the range of the two keys,
 * which nobody may notice. Shared memory holds for each pair the count of the
 * latest write that was begun, and of the latest that was acknowledged.
 *
 * So a read of a key must give a count from the acknowledged one before it to the begun one after
 * it, in a value that is made of key and count; and at one moment both keys of a pair have one
 * count.
 */

import type { Random } from '../../../base/random.ts'
import { WriteBatch } from '../../../wal/write-batch.ts'
import type { Database } from '../../database.ts'
import type { DatabaseReader } from '../reader.ts'

const KEY_BYTES = 8
const HEADER_BYTES = 8
/** Every fourth value is this much longer, and so goes to a value log that takes such values. */
const LONG_BYTES = 200

export class PairCounts {
  readonly begun: Int32Array<SharedArrayBuffer>
  readonly acknowledged: Int32Array<SharedArrayBuffer>

  constructor(memory: SharedArrayBuffer) {
    const pairs = memory.byteLength / 8
    this.begun = new Int32Array(memory, 0, pairs)
    this.acknowledged = new Int32Array(memory, 4 * pairs, pairs)
  }

  /** Memory for so many pairs, none of them written. */
  static memory(pairs: number): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * pairs)
  }

  get pairs(): number {
    return this.begun.length
  }

  /** Writes the next count of a pair. */
  async write(db: Database, pair: number): Promise<void> {
    const count = Atomics.add(this.begun, pair, 1) + 1
    const batch = new WriteBatch()
    if (count % 3 === 0) batch.deleteRange(keyOf(pair, 0), Uint8Array.of(...keyOf(pair, 1), 0))
    for (const half of [0, 1]) batch.put(keyOf(pair, half), wholeValue(pair, half, count))
    await db.write(batch)
    Atomics.store(this.acknowledged, pair, count)
  }
}

/** What must never be seen, and how much was read. */
export interface PairReport {
  readonly reads: number
  /** A value that is not made of its key and count. */
  readonly torn: number
  /** A count older than one acknowledged before the read, or than one that was read before. */
  readonly stale: number
  /** A count that no write had begun to write. */
  readonly unwritten: number
  /** Two counts of one pair at one moment, or of one key at two reads of a snapshot. */
  readonly unequal: number
}

export class PairChecks {
  readonly #reader: DatabaseReader
  readonly #counts: PairCounts
  readonly #random: Random
  /** The highest count that was read, by pair. */
  readonly #seen: Int32Array
  #reads = 0
  #torn = 0
  #stale = 0
  #unwritten = 0
  #unequal = 0

  constructor(reader: DatabaseReader, counts: PairCounts, random: Random) {
    this.#reader = reader
    this.#counts = counts
    this.#random = random
    this.#seen = new Int32Array(counts.pairs)
  }

  report(): PairReport {
    return {
      reads: this.#reads,
      torn: this.#torn,
      stale: this.#stale,
      unwritten: this.#unwritten,
      unequal: this.#unequal,
    }
  }

  /** Reads keys one by one. */
  gets(count: number): void {
    for (let read = 0; read < count; read++) {
      const pair = this.#random.nextBelow(this.#counts.pairs)
      const half = read % 2
      const least = this.#least(pair)
      const found = this.#countIn(pair, half, this.#reader.get(keyOf(pair, half)))
      this.#check(pair, least, found)
    }
  }

  /** Reads both keys of pairs at one snapshot, twice. */
  snapshot(pairs: number): void {
    const asked = Array.from({ length: pairs }, () => this.#random.nextBelow(this.#counts.pairs))
    const least = asked.map((pair) => this.#least(pair))
    using snapshot = this.#reader.snapshot()
    for (let round = 0; round < 2; round++) {
      asked.forEach((pair, at) => {
        const counts = [0, 1].map((half) =>
          this.#countIn(pair, half, this.#reader.get(keyOf(pair, half), { snapshot })),
        )
        if (counts[0] !== counts[1]) this.#unequal++
        if (counts[0]! < least[at]!) this.#stale++
        least[at] = counts[0]!
      })
      // Takes the newest view, so that the snapshot's becomes an old one.
      this.gets(1)
    }
  }

  /** Scans everything at one moment. */
  scan(reverse: boolean): void {
    const { pairs } = this.#counts
    const least = Array.from({ length: pairs }, (_, pair) => this.#least(pair))
    const counts = [new Int32Array(pairs), new Int32Array(pairs)]
    for (const [key, value] of this.#reader.scan({ reverse })) {
      const { pair, half } = partsOf(key)
      counts[half]![pair] = this.#countIn(pair, half, value)
    }
    for (let pair = 0; pair < pairs; pair++) {
      if (counts[0]![pair] !== counts[1]![pair]) this.#unequal++
      this.#check(pair, least[pair]!, counts[0]![pair]!)
    }
  }

  /** The least count that a read which begins now may give. */
  #least(pair: number): number {
    return Math.max(Atomics.load(this.#counts.acknowledged, pair), this.#seen[pair]!)
  }

  #check(pair: number, least: number, found: number): void {
    if (found < least) this.#stale++
    if (found > Atomics.load(this.#counts.begun, pair)) this.#unwritten++
    this.#seen[pair] = Math.max(found, this.#seen[pair]!)
  }

  /** The count in a value; 0 if there is no value, or a torn one. */
  #countIn(pair: number, half: number, value: Uint8Array | undefined): number {
    this.#reads++
    if (value === undefined) return 0
    const count = value.length < HEADER_BYTES ? 0 : viewOf(value).getUint32(0)
    const expected = wholeValue(pair, half, count)
    const isWhole = Buffer.compare(value, expected) === 0
    if (!isWhole) this.#torn++
    return isWhole ? count : 0
  }
}

function keyOf(pair: number, half: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  // Neighbours in key order are no neighbours in number.
  viewOf(key).setUint32(0, Math.imul(pair, 0x9e3779b1))
  viewOf(key).setUint32(4, pair * 2 + half)
  return key
}

function partsOf(key: Uint8Array): { readonly pair: number; readonly half: number } {
  const number = viewOf(key).getUint32(4)
  return { pair: number >>> 1, half: number & 1 }
}

function wholeValue(pair: number, half: number, count: number): Uint8Array {
  const long = count % 4 === 0 ? LONG_BYTES : 0
  const value = new Uint8Array(HEADER_BYTES + long + ((pair + count) % 40))
  value.fill((pair * 7 + half * 3 + count) % 256)
  viewOf(value).setUint32(0, count)
  viewOf(value).setUint32(4, pair * 2 + half)
  return value
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
