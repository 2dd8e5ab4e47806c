/**
 * Owns the exact oracle of live data: the size of the newest version of every live key, by record
 * number, in one typed array (4 bytes a record, counted apart from the engine's memory).
 *
 * Invariant: `liveBytes` = Σ key + value bytes over the records whose size is not zero.
 */

export class LiveSizes {
  #sizes: Uint32Array
  #liveBytes = 0
  #liveRecords = 0

  constructor(expectedRecords: number) {
    this.#sizes = new Uint32Array(Math.max(expectedRecords, 16))
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get liveRecords(): number {
    return this.#liveRecords
  }

  /** What the oracle itself occupies. */
  get memoryBytes(): number {
    return this.#sizes.byteLength
  }

  has(keyNumber: number): boolean {
    return keyNumber < this.#sizes.length && this.#sizes[keyNumber] !== 0
  }

  /** The record now has `bytes` of key and value, more than 0. */
  put(keyNumber: number, bytes: number): void {
    if (keyNumber >= this.#sizes.length) this.#grow(keyNumber + 1)
    const before = this.#sizes[keyNumber]!
    if (before === 0) this.#liveRecords++
    this.#sizes[keyNumber] = bytes
    this.#liveBytes += bytes - before
  }

  delete(keyNumber: number): void {
    if (!this.has(keyNumber)) return
    this.#liveBytes -= this.#sizes[keyNumber]!
    this.#liveRecords--
    this.#sizes[keyNumber] = 0
  }

  #grow(records: number): void {
    const grown = new Uint32Array(Math.max(records, this.#sizes.length * 2))
    grown.set(this.#sizes)
    this.#sizes = grown
  }
}
