/**
 * Owns the places of a file's frames: which frame holds a logical offset, and which key opens it.
 * Invariant: data frames cover the logical bytes without gaps, in the order of the file. A frame of
 * no visible bytes is not listed.
 */

import type { KeyObject } from 'node:crypto'
import { FRAME_KIND, frameBytesOfWord, kindOfWord, payloadBytesOfWord } from './frame-format.ts'

/** A data frame. */
export interface DataFrame {
  readonly number: number
  /** Offset of its first byte for the engine. */
  readonly start: number
  /** Bytes of its payload, and how many of them the engine still sees. */
  readonly payloadBytes: number
  readonly bytes: number
  /** Where the frame lies in the file. */
  readonly physicalStart: number
  readonly physicalEnd: number
}

/** What a session frame says. */
export interface Session {
  readonly key: KeyObject
  readonly salt: Uint8Array
  /** Logical bytes of the earlier frames that still count. */
  readonly keptBytes: number
}

interface KeyRange {
  readonly fromNumber: number
  readonly key: KeyObject
  readonly salt: Uint8Array
}

export class FrameList {
  readonly salt: Uint8Array
  /** The first word of every frame, by number. */
  readonly words: number[] = []
  readonly #frames: DataFrame[] = []
  readonly #keys: KeyRange[]
  #physicalEnd: number

  /** A file with a header and no frames. */
  constructor(headerBytes: number, salt: Uint8Array, key: KeyObject) {
    this.salt = salt
    this.#physicalEnd = headerBytes
    this.#keys = [{ fromNumber: 0, key, salt }]
  }

  /** The size that the engine sees, in bytes. */
  get bytes(): number {
    const last = this.#frames.at(-1)
    return last === undefined ? 0 : last.start + last.bytes
  }

  /** Where the next frame begins in the file. */
  get physicalEnd(): number {
    return this.#physicalEnd
  }

  /** Adds the next frame. `session` belongs to a session frame. */
  add(word: number, session?: Session): void {
    const number = this.words.length
    const physicalStart = this.#physicalEnd
    this.#physicalEnd += frameBytesOfWord(word)
    this.words.push(word)
    if (session !== undefined) {
      this.#trim(session.keptBytes)
      this.#keys.push({ fromNumber: number, key: session.key, salt: session.salt })
    }
    const bytes = payloadBytesOfWord(word)
    if (kindOfWord(word) !== FRAME_KIND.data || bytes === 0) return
    this.#frames.push({
      number,
      start: this.bytes,
      payloadBytes: bytes,
      bytes,
      physicalStart,
      physicalEnd: this.#physicalEnd,
    })
  }

  /** Forgets frame `number` and the later ones, which are not session frames. */
  cut(number: number): void {
    while (this.words.length > number) this.#physicalEnd -= frameBytesOfWord(this.words.pop()!)
    while ((this.#frames.at(-1)?.number ?? -1) >= number) this.#frames.pop()
  }

  /** The key of a frame. */
  keyOf(number: number): KeyObject {
    return this.#rangeOf(number).key
  }

  /** The salt of the session that a frame belongs to. */
  saltOf(number: number): Uint8Array {
    return this.#rangeOf(number).salt
  }

  /** The data frame at `index`, if there is one. */
  frame(index: number): DataFrame | undefined {
    return this.#frames[index]
  }

  /** The index of the frame that holds the byte at `offset`, which is below `bytes`. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.#frames.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#frames[middle]!.start <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #rangeOf(number: number): KeyRange {
    return this.#keys.findLast(({ fromNumber }) => fromNumber <= number)!
  }

  #trim(keptBytes: number): void {
    while (this.#frames.length > 0 && this.#frames.at(-1)!.start >= keptBytes) this.#frames.pop()
    const last = this.#frames.pop()
    if (last === undefined) return
    this.#frames.push({ ...last, bytes: Math.min(last.bytes, keptBytes - last.start) })
  }
}
