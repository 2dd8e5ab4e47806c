/**
 * Owns copies of the entries a scan returned, in one buffer that is reused, so that they can be
 * checked after the scan's time is taken. Invariant: entry i starts at `#starts[i]`, key first,
 * then value.
 */
import type { EntrySink } from '../base/target.ts'

const BUFFER_BYTES = 64 * 1024

export class ScannedEntries implements EntrySink {
  #bytes = new Uint8Array(BUFFER_BYTES)
  #used = 0
  #starts: number[] = []
  #valueStarts: number[] = []

  get count(): number {
    return this.#starts.length
  }

  clear(): void {
    this.#used = 0
    this.#starts.length = 0
    this.#valueStarts.length = 0
  }

  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    const start = this.#used
    const valueAt = start + keyLength
    this.#used = valueAt + valueLength
    if (this.#used > this.#bytes.length) this.#grow(start)
    this.#bytes.set(keyBytes.subarray(keyStart, keyStart + keyLength), start)
    this.#bytes.set(valueBytes.subarray(valueStart, valueStart + valueLength), valueAt)
    this.#starts.push(start)
    this.#valueStarts.push(valueAt)
  }

  /** Borrowed until `clear`. */
  key(at: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[at], this.#valueStarts[at])
  }

  /** Borrowed until `clear`. */
  value(at: number): Uint8Array {
    return this.#bytes.subarray(this.#valueStarts[at], this.#starts[at + 1] ?? this.#used)
  }

  #grow(used: number): void {
    const grown = new Uint8Array(2 * this.#used)
    grown.set(this.#bytes.subarray(0, used))
    this.#bytes = grown
  }
}
