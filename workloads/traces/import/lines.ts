/**
 * Splits a byte stream into lines: numbered from 1, without `\n` or `\r\n`, each complete in memory
 * during its call. A byte order mark at the start does not belong to the first line. Invariant:
 * memory holds one chunk and one unfinished line, and a line has at most `LINE_BYTES_MAX` bytes.
 */

import { withoutMark } from '../../../engine/base/text.ts'

const LINE_BYTES_MAX = 64 * 1024 * 1024
const NEWLINE = 0x0a
const RETURN = 0x0d

export interface Line {
  readonly number: number
  /** Borrowed. */
  readonly bytes: Uint8Array
  /** The bytes as Latin-1, so that a character has the same index as its byte. */
  readonly text: string
}

export class LineSplitter {
  readonly #onLine: (line: Line) => void
  readonly #onOverlong: (number: number) => void
  #number = 0
  /** The pieces of the unfinished line. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  #skips = false

  /** `onOverlong` is called for a line that is too long; its content is skipped. */
  constructor(onLine: (line: Line) => void, onOverlong: (number: number) => void) {
    this.#onLine = onLine
    this.#onOverlong = onOverlong
  }

  /** Keeps `chunk` until its last line is complete. */
  write(chunk: Uint8Array): void {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#complete(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** The last line counts even without a newline. */
  end(): void {
    if (this.#pieceBytes > 0 || this.#skips) this.#complete(new Uint8Array(0))
  }

  #keep(piece: Uint8Array): void {
    if (this.#pieceBytes + piece.length > LINE_BYTES_MAX) {
      this.#pieces = []
      this.#pieceBytes = 0
      this.#skips = true
    }
    if (this.#skips) return
    this.#pieces.push(piece)
    this.#pieceBytes += piece.length
  }

  #complete(last: Uint8Array): void {
    this.#number++
    if (this.#pieceBytes > 0 || this.#skips) this.#keep(last)
    if (this.#skips) this.#onOverlong(this.#number)
    else this.#emit(this.#pieceBytes === 0 ? last : joined(this.#pieces, this.#pieceBytes))
    this.#pieces = []
    this.#pieceBytes = 0
    this.#skips = false
  }

  #emit(line: Uint8Array): void {
    const unmarked = this.#number === 1 ? withoutMark(line) : line
    const bytes = unmarked.at(-1) === RETURN ? unmarked.subarray(0, -1) : unmarked
    const { buffer, byteOffset, byteLength } = bytes
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
    this.#onLine({ number: this.#number, bytes, text })
  }
}

/** All `pieces` as one array. */
export function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
