/**
 * Owns reading the logical bytes of an encrypted file that is open. Bytes reach the caller only
 * from frames that authenticate.
 *
 * A frame that does not authenticate was durable or not. If it was, it has rotted:
 * `LSM_CORRUPTION`. If nothing says that it was, a power loss may have taken it. It then reads as
 * zeros, as lost sectors of a plain file do, and the engine's own checksums judge it.
 */

import { assert } from '../../base/assert.ts'
import { corruption, isLsmError } from '../../base/errors.ts'
import type { Section } from '../ledger.ts'
import type { ReadableFile } from '../storage.ts'
import type { EncryptionKey } from './encryption-key.ts'
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  frameBytesOfWord,
  frameWord,
  readFrame,
} from './frame-format.ts'
import type { DataFrame, FrameList } from './frame-list.ts'
import { type FoundFrames, findFrames, readSession } from './frame-scan.ts'

/** The frames that a read needs, and where they lie in the file. */
interface Stretch {
  readonly list: FrameList
  readonly first: number
  readonly last: number
  readonly physicalStart: number
  readonly physicalBytes: number
}

/** The logical content of one open file, for all its handles. */
export class FrameReader {
  readonly path: string
  readonly #key: EncryptionKey
  #found: FoundFrames | null
  #isClosed = false
  /** The payload that was decrypted last: small reads follow each other. */
  #plain: { readonly number: number; readonly bytes: Uint8Array } | null = null

  /** Reads where the frames are. Errors: as `EncryptedStorage`. */
  constructor(file: ReadableFile, key: EncryptionKey) {
    this.path = file.path
    this.#key = key
    this.#found = findFrames(file, key)
  }

  /** Null if the file is empty. */
  get found(): FoundFrames | null {
    return this.#found
  }

  get bytes(): number {
    return this.#found?.list.bytes ?? 0
  }

  /** Reads that follow are refused. */
  close(): void {
    this.#isClosed = true
    this.#plain = null
  }

  /** As `ReadableFile.read`, from `file`. */
  read(
    file: ReadableFile,
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): void {
    const stretch = this.#stretch(file, length, offset)
    if (stretch === null) return
    const { physicalStart, physicalBytes } = stretch
    const bytes = new Uint8Array(physicalBytes)
    if (physicalBytes > 0) file.read(bytes, physicalBytes, physicalStart, section)
    this.#decrypt(stretch, bytes, target, length, offset)
  }

  /** As `ReadableFile.readAsync`, from `file`. */
  async readAsync(
    file: ReadableFile,
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    const stretch = this.#stretch(file, length, offset, false)
    if (stretch === null) return
    const { physicalStart, physicalBytes } = stretch
    const bytes = new Uint8Array(physicalBytes)
    await file.readAsync(bytes, physicalBytes, physicalStart, section)
    this.#decrypt(stretch, bytes, target, length, offset)
  }

  /** With `usesPlain`, a stretch that begins with the frame decrypted last leaves it out. */
  #stretch(file: ReadableFile, length: number, offset: number, usesPlain = true): Stretch | null {
    assert(!this.#isClosed, 'read from a closed file')
    if (length === 0) return null
    const end = offset + length
    if (end > this.bytes) this.#followGrowth(file, end)
    const list = this.#found?.list
    if (list === undefined || end > list.bytes) {
      const actual = Math.min(length, Math.max(this.bytes - offset, 0))
      const where = { path: this.path, offset, expected: length, actual }
      throw corruption(`${length} bytes wanted, ${actual} there`, where)
    }
    const first = list.indexOf(offset)
    const last = list.indexOf(end - 1)
    const isPlain = usesPlain && list.frame(first)!.number === this.#plain?.number
    const { physicalEnd } = list.frame(last)!
    const physicalStart = isPlain
      ? (list.frame(first + 1)?.physicalStart ?? physicalEnd)
      : list.frame(first)!.physicalStart
    const physicalBytes = Math.max(physicalEnd - physicalStart, 0)
    return { list, first, last, physicalStart, physicalBytes }
  }

  #decrypt(
    { list, first, last, physicalStart }: Stretch,
    bytes: Uint8Array,
    target: Uint8Array,
    length: number,
    offset: number,
  ): void {
    for (let index = first; index <= last; index++) {
      const frame = list.frame(index)!
      const plain = this.#payload(list, frame, bytes, frame.physicalStart - physicalStart)
      const from = Math.max(offset - frame.start, 0)
      const to = Math.min(offset + length - frame.start, frame.bytes)
      target.set(plain.subarray(from, to), frame.start + from - offset)
    }
  }

  #payload(list: FrameList, frame: DataFrame, bytes: Uint8Array, at: number): Uint8Array {
    const { number, payloadBytes, physicalStart } = frame
    if (this.#plain?.number === number) return this.#plain.bytes
    const header = decodeFrameHeader(bytes, at)
    const isWhole =
      header !== null &&
      header.number === number &&
      header.kind === FRAME_KIND.data &&
      header.payloadBytes === payloadBytes
    const plain = isWhole ? readFrame(bytes, at, header, list.keyOf(number), list.salt) : null
    if (plain === null && number < this.#found!.synced) {
      const message = `frame ${number} is damaged: it does not authenticate`
      throw corruption(message, { path: this.path, offset: physicalStart, logical: frame.start })
    }
    this.#plain = { number, bytes: plain ?? new Uint8Array(payloadBytes) }
    return this.#plain.bytes
  }

  /** Takes in the frames that were written since, up to the byte before `end`. */
  #followGrowth(file: ReadableFile, end: number): void {
    this.#found ??= findFrames(file, this.#key)
    const found = this.#found
    if (found === null) return
    const { list } = found
    while (list.bytes < end) {
      const at = list.physicalEnd
      const start = this.#partIfThere(file, at, FRAME_HEADER_BYTES)
      const frame = start === null ? null : decodeFrameHeader(start, 0)
      if (frame === null || frame.number !== list.words.length) return
      const word = frameWord(frame.kind, frame.payloadBytes)
      if (frame.kind === FRAME_KIND.session) {
        const bytes = this.#partIfThere(file, at, frameBytesOfWord(word))
        const session = bytes === null ? null : readSession(bytes, 0, frame, list.salt, this.#key)
        if (session === null) return
        list.add(word, session)
      } else {
        list.add(word)
      }
      found.synced = Math.max(found.synced, frame.synced)
    }
  }

  #partIfThere(file: ReadableFile, offset: number, length: number): Uint8Array | null {
    const bytes = new Uint8Array(length)
    try {
      file.read(bytes, length, offset, 'meta')
      return bytes
    } catch (error) {
      if (isLsmError(error, 'LSM_CORRUPTION')) return null
      throw error
    }
  }
}
