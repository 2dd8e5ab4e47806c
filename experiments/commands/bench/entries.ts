/**
 * Owns the bytes of keys and values in races, and the account of what a store must hold. A key is
 * that of `db_bench`: its number in 8 big-endian bytes, then eight characters '0'. A value repeats
 * its first half, so that it compresses to half. It starts with its tag: a number from which a
 * reader sees which write it comes from.
 *
 * Invariant: keys and values are written into a ring of arrays; those of the last `RING` entries
 * stay as they are.
 */
import { createRandom } from '../../../engine/base/random.ts'

export const KEY_BYTES = 16
export const VALUE_BYTES = 100
export const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES
/** More than a batch, and than the values of a block: no two of a block are equal. */
const RING = 1024
const NUMBER_BYTES = 8
const ZERO = 0x30

export class EntryRing {
  readonly #keys = Array.from({ length: RING }, () => new Uint8Array(KEY_BYTES).fill(ZERO))
  readonly #values: readonly Uint8Array[]
  readonly #half: number
  #key = 0
  #value = 0

  /** `valueBytes` is even. */
  constructor(valueBytes = VALUE_BYTES) {
    const half = valueBytes / 2
    const random = createRandom(1)
    this.#values = Array.from({ length: RING }, () => {
      const value = new Uint8Array(valueBytes)
      for (let at = 0; at < half; at++) value[at] = value[at + half] = random.nextU32() & 0xff
      return value
    })
    this.#half = half
    for (const key of this.#keys) key.fill(0, 0, NUMBER_BYTES)
  }

  /** The key of a number below 2³². */
  key(number: number): Uint8Array {
    const key = this.#keys[this.#key++ % RING]!
    writeU32(key, 4, number)
    key[KEY_BYTES - 1] = ZERO
    return key
  }

  /** A key behind that of `number` and before the next, which no store ever holds. */
  absentKey(number: number): Uint8Array {
    const key = this.key(number)
    key[KEY_BYTES - 1] = ZERO + 1
    return key
  }

  value(tag: number): Uint8Array {
    const value = this.#values[this.#value++ % RING]!
    for (let start = 0; start < value.length; start += this.#half) {
      value[start] = tag
      value[start + 1] = tag >>> 8
      value[start + 2] = tag >>> 16
      value[start + 3] = tag >>> 24
    }
    return value
  }
}

function writeU32(bytes: Uint8Array, start: number, number: number): void {
  bytes[start] = number >>> 24
  bytes[start + 1] = number >>> 16
  bytes[start + 2] = number >>> 8
  bytes[start + 3] = number
}

/** The tags that a store must hold, by key number; 0: no entry. */
export class Holdings {
  readonly tags: Uint32Array

  /** `keys` is above every key number. */
  constructor(keys: number) {
    this.tags = new Uint32Array(keys)
  }

  /** Entries and the sum of their tags, of keys from `from` on, of at most `entries` entries. */
  total(from = 0, entries = Number.POSITIVE_INFINITY): { count: number; sum: number } {
    let count = 0
    let sum = 0
    for (let key = from; key < this.tags.length && count < entries; key++) {
      const tag = this.tags[key]!
      if (tag === 0) continue
      count++
      sum += tag
    }
    return { count, sum }
  }
}
