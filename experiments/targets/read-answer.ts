/**
 * Owns the memory of a reading thread's answers: the value of a get, or the entries of a scan. The
 * thread writes it, the harness reads it while the slot is its own (`read-slot.ts`). When an answer
 * does not fit, the thread takes larger memory and tells the harness.
 *
 * An entry of a scan:
 *
 *   | key length (u32) | value length (u32) | key | value |     numbers are little-endian
 */
import type { EntrySink } from '../base/target.ts'

const BYTES_MIN = 64 * 1024
const HEADER_BYTES = 8

/** The thread's side. */
export class AnswerWriter implements EntrySink {
  readonly #onMoved: (memory: SharedArrayBuffer) => void
  #bytes = new Uint8Array(new SharedArrayBuffer(BYTES_MIN))
  #used = 0

  /** `onMoved` tells the harness which memory the next answers are in. */
  constructor(onMoved: (memory: SharedArrayBuffer) => void) {
    this.#onMoved = onMoved
    onMoved(this.#bytes.buffer)
  }

  /** How many bytes the answer has. */
  get used(): number {
    return this.#used
  }

  clear(): void {
    this.#used = 0
  }

  /** The value of a get, as the whole answer. */
  setValue(value: Uint8Array): void {
    this.#used = 0
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
  }

  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void {
    const at = this.#take(HEADER_BYTES + keyLength + valueLength)
    const view = new DataView(this.#bytes.buffer)
    view.setUint32(at, keyLength, true)
    view.setUint32(at + 4, valueLength, true)
    const keyAt = at + HEADER_BYTES
    this.#bytes.set(keyBytes.subarray(keyStart, keyStart + keyLength), keyAt)
    this.#bytes.set(valueBytes.subarray(valueStart, valueStart + valueLength), keyAt + keyLength)
  }

  /** The place of `bytes` more bytes. */
  #take(bytes: number): number {
    const at = this.#used
    this.#used += bytes
    if (this.#used > this.#bytes.length) {
      const grown = new Uint8Array(new SharedArrayBuffer(2 * this.#used))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#onMoved(grown.buffer)
    }
    return at
  }
}

/** The entries of an answer, which stay borrowed. */
export function addEntriesTo(sink: EntrySink, answer: Uint8Array, count: number): void {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
  let at = 0
  for (let entry = 0; entry < count; entry++) {
    const keyLength = view.getUint32(at, true)
    const valueLength = view.getUint32(at + 4, true)
    const keyAt = at + HEADER_BYTES
    sink.add(answer, keyAt, keyLength, answer, keyAt + keyLength, valueLength)
    at = keyAt + keyLength + valueLength
  }
}
