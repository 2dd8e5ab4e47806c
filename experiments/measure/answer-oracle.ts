/**
 * Owns the check of a target's answers. For every key it keeps the CRC of the newest value written,
 * outside the targets and independent of them. Each get is checked, scans in a sample, and after
 * the run every key once more (`checkAll`), so that no fault below stays silent. No check runs
 * inside the time of an operation.
 *
 * Keys are identified by 64 bits of a hash, in one open-addressed table of typed arrays; so the
 * keys a scan returns can be looked up too. When the table is full, only every second, fourth …
 * hash is kept (Gibbons' distinct sampling, VLDB '01). So memory is bounded; answers about other
 * keys are not checked.
 *
 * Invariant: a slot that is live holds the CRC of the last value put under its key.
 */

import { crc32 } from 'node:zlib'
import { keyAfter } from '../../engine/base/compare.ts'
import type { Deterministic } from '../../results/schema.ts'
import type { Target } from '../base/target.ts'
import { ScannedEntries } from './scanned-entries.ts'

export type Answers = NonNullable<Deterministic['answers']>
type Mismatch = Answers['mismatches'][number]

const TRACKED_MAX = 2 ** 21
/** Mismatches listed for a run; all are counted. */
const MISMATCHES_TOLD_MAX = 10
/** Entries of one scan of `checkAll`; each scan seeks again. */
const PIECE_ENTRIES = 500
/** The largest share of slots that are taken. */
const LOAD_MAX = 0.7
const SLOTS_MIN = 1024
const KEY_CHARACTERS_MAX = 80

/** States of a slot. Dead: the key was deleted. Seen: live, and found by `checkAll`. */
const FREE = 0
const DEAD = 1
const LIVE = 2
const SEEN = 3
const SLOT_BYTES = 21

export interface AnswerOracleOptions {
  readonly expectedRecords: number
  /** A retention lets the strategy drop data, so a missing key is no fault. */
  readonly mayForget?: boolean
  readonly trackedMax?: number
}

export class AnswerOracle {
  readonly #mayForget: boolean
  readonly #trackedMax: number
  #hashHigh = new Uint32Array(0)
  #hashLow = new Uint32Array(0)
  #valueCrc = new Uint32Array(0)
  #keyNumber = new Float64Array(0)
  #state = new Uint8Array(0)
  #oneIn = 1
  #taken = 0
  #live = 0
  /** The hash of the last key passed to `#hash`. */
  #high = 0
  #low = 0
  #gets = 0
  #scans = 0
  #entries = 0
  #forgotten = 0
  #overlapped = 0
  #wrong = 0
  readonly #mismatches: Mismatch[] = []

  constructor({
    expectedRecords,
    mayForget = false,
    trackedMax = TRACKED_MAX,
  }: AnswerOracleOptions) {
    this.#mayForget = mayForget
    this.#trackedMax = trackedMax
    this.#allocate(slotsFor(Math.min(expectedRecords, trackedMax)))
  }

  /** `keyNumber` names the record in messages when its key is not known. */
  put(key: Uint8Array, keyNumber: number, value: Uint8Array): void {
    this.#hash(key, 0, key.length)
    if (!this.#isTracked(this.#low)) return
    let slot = this.#find()
    if (this.#state[slot] === FREE) {
      if (this.#taken + 1 > this.#state.length * LOAD_MAX) {
        this.#makeRoom()
        if (!this.#isTracked(this.#low)) return
        slot = this.#find()
      }
      this.#hashHigh[slot] = this.#high
      this.#hashLow[slot] = this.#low
      this.#taken++
    }
    if (this.#state[slot]! < LIVE) this.#live++
    this.#state[slot] = LIVE
    this.#valueCrc[slot] = crc32(value)
    this.#keyNumber[slot] = keyNumber
  }

  delete(key: Uint8Array): void {
    this.#hash(key, 0, key.length)
    const slot = this.#find()
    if (this.#state[slot]! < LIVE) return
    this.#state[slot] = DEAD
    this.#live--
  }

  /** Checks the answer of a get of `key` at operation number `operation`. */
  checkGet(key: Uint8Array, found: Uint8Array | undefined, operation: number): void {
    this.#hash(key, 0, key.length)
    if (!this.#isTracked(this.#low)) return
    this.#gets++
    const slot = this.#find()
    const isLive = this.#state[slot]! >= LIVE
    const crc = found === undefined ? 0 : crc32(found)
    if (found === undefined ? !isLive : isLive && crc === this.#valueCrc[slot]) return
    if (found === undefined && this.#mayForget) {
      this.#forgotten++
      return
    }
    this.#note(operation, 'get', nameOf(key), slot, found === undefined ? null : crc)
  }

  /** Checks the entries of a scan from `from`: keys ascend, and each has its newest value. */
  checkScan(from: Uint8Array, entries: ScannedEntries, operation: number): void {
    this.#scans++
    this.#checkEntries(from, entries, operation, 'scan', LIVE)
  }

  /** Counts a read that is not checked, because a write of its keys overlapped it. */
  leave(): void {
    this.#overlapped++
  }

  /**
   * Reads everything `target` holds, in pieces, and checks that each live key is there once and no
   * other key is. Call it when the measurements have ended, since it changes them.
   */
  async checkAll(target: Pick<Target, 'scan'>, operation: number): Promise<void> {
    const entries = new ScannedEntries()
    let from: Uint8Array = new Uint8Array(0)
    for (;;) {
      entries.clear()
      await target.scan(from, PIECE_ENTRIES, entries)
      this.#checkEntries(from, entries, operation, 'end', SEEN)
      if (entries.count < PIECE_ENTRIES) break
      from = keyAfter(entries.key(entries.count - 1))
    }
    this.#countUnseen(operation)
  }

  figures(): Answers {
    return {
      gets: this.#gets,
      scans: this.#scans,
      entries: this.#entries,
      forgotten: this.#forgotten,
      ...(this.#overlapped > 0 && { overlapped: this.#overlapped }),
      wrong: this.#wrong,
      mismatches: this.#mismatches,
      oneIn: this.#oneIn,
      memoryBytes: this.#state.length * SLOT_BYTES,
    }
  }

  #checkEntries(
    from: Uint8Array,
    entries: ScannedEntries,
    operation: number,
    by: Mismatch['by'],
    state: typeof LIVE | typeof SEEN,
  ): void {
    let before: Uint8Array | null = null
    for (let at = 0; at < entries.count; at++) {
      const key = entries.key(at)
      const isInOrder = Buffer.compare(before ?? from, key) < (before === null ? 1 : 0)
      before = key
      this.#hash(key, 0, key.length)
      if (!this.#isTracked(this.#low)) continue
      this.#entries++
      const slot = this.#find()
      const crc = crc32(entries.value(at))
      const isRight = this.#state[slot]! >= LIVE && crc === this.#valueCrc[slot]
      if (!isRight || !isInOrder) this.#note(operation, by, nameOf(key), slot, crc, isInOrder)
      if (this.#state[slot]! >= LIVE) this.#state[slot] = state
    }
  }

  /** Counts live keys that `checkAll` did not see, and resets the marks of those it saw. */
  #countUnseen(operation: number): void {
    for (let slot = 0; slot < this.#state.length; slot++) {
      if (this.#state[slot] === SEEN) this.#state[slot] = LIVE
      else if (this.#state[slot] !== LIVE) continue
      else if (this.#mayForget) this.#forgotten++
      else this.#note(operation, 'end', `record ${this.#keyNumber[slot]}`, slot, null)
    }
  }

  #note(
    operation: number,
    by: Mismatch['by'],
    key: string,
    slot: number,
    crc: number | null,
    isInOrder = true,
  ): void {
    this.#wrong++
    if (this.#mismatches.length === MISMATCHES_TOLD_MAX) return
    const expected = this.#state[slot]! >= LIVE ? valueText(this.#valueCrc[slot]!) : 'nothing'
    const got = crc === null ? 'nothing' : valueText(crc)
    this.#mismatches.push({
      operation,
      by,
      key,
      expected,
      got: isInOrder ? got : `${got}, out of order`,
    })
  }

  #isTracked(low: number): boolean {
    return (low & (this.#oneIn - 1)) === 0
  }

  /** The slot of the key hashed last, or the free slot for it. */
  #find(): number {
    const mask = this.#state.length - 1
    let slot = this.#high & mask
    while (
      this.#state[slot] !== FREE &&
      (this.#hashHigh[slot] !== this.#high || this.#hashLow[slot] !== this.#low)
    ) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  /** Hashes the key's bytes into two lanes with MurmurHash3's mixing. */
  #hash(bytes: Uint8Array, start: number, length: number): void {
    let high = length ^ 0x9e3779b9
    let low = length ^ 0x85ebca6b
    for (let at = start; at < start + length; at++) {
      high = Math.imul(high ^ bytes[at]!, 0x01000193)
      low = Math.imul(low ^ bytes[at]!, 0xcc9e2d51)
      low = (low << 13) | (low >>> 19)
    }
    this.#high = mixed(high)
    this.#low = mixed(low)
  }

  /** Drops deleted keys; if that is not enough, takes more memory or drops half of the keys. */
  #makeRoom(): void {
    while (this.#live >= this.#trackedMax) {
      this.#oneIn *= 2
      this.#live = this.#countTracked()
    }
    this.#rehash(slotsFor(Math.min(2 * this.#live, this.#trackedMax)))
  }

  #countTracked(): number {
    let count = 0
    for (let slot = 0; slot < this.#state.length; slot++) {
      if (this.#state[slot]! >= LIVE && this.#isTracked(this.#hashLow[slot]!)) count++
    }
    return count
  }

  #rehash(slots: number): void {
    const [high, low, state] = [this.#hashHigh, this.#hashLow, this.#state]
    const [crc, number] = [this.#valueCrc, this.#keyNumber]
    const [keyHigh, keyLow] = [this.#high, this.#low]
    this.#allocate(slots)
    this.#taken = 0
    for (let before = 0; before < state.length; before++) {
      if (state[before]! < LIVE || !this.#isTracked(low[before]!)) continue
      this.#high = high[before]!
      this.#low = low[before]!
      const slot = this.#find()
      this.#hashHigh[slot] = this.#high
      this.#hashLow[slot] = this.#low
      this.#valueCrc[slot] = crc[before]!
      this.#keyNumber[slot] = number[before]!
      this.#state[slot] = state[before]!
      this.#taken++
    }
    this.#high = keyHigh
    this.#low = keyLow
  }

  #allocate(slots: number): void {
    this.#hashHigh = new Uint32Array(slots)
    this.#hashLow = new Uint32Array(slots)
    this.#valueCrc = new Uint32Array(slots)
    this.#keyNumber = new Float64Array(slots)
    this.#state = new Uint8Array(slots)
  }
}

/** A power of two with room for `keys` keys. */
function slotsFor(keys: number): number {
  return Math.max(SLOTS_MIN, 2 ** Math.ceil(Math.log2((keys + 1) / LOAD_MAX)))
}

/** The mixed lane as an unsigned number, as the typed arrays hold it. */
function mixed(lane: number): number {
  let hash = lane
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function valueText(crc: number): string {
  return `value ${crc.toString(16).padStart(8, '0')}`
}

/** The key as text if it is printable, else in hexadecimal digits. */
function nameOf(key: Uint8Array): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
  const isText = key.every((byte) => byte > 0x20 && byte < 0x7f)
  const text = isText ? bytes.toString('latin1') : `0x${bytes.toString('hex')}`
  return text.length > KEY_CHARACTERS_MAX ? `${text.slice(0, KEY_CHARACTERS_MAX)}…` : text
}
