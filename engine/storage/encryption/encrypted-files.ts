/**
 * Owns the handles of encrypted files. An append becomes frames in one append to the file below.
 *
 * Invariant: after an append that failed, the handle writes nothing more, since the end of the file
 * is unknown. A file that is closed in order ends in a seal, which lists its frames; a reader of a
 * file without one walks from frame to frame.
 */

import { type KeyObject, randomBytes } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { isLsmError } from '../../base/errors.ts'
import { Ledger, type Section } from '../ledger.ts'
import type { FileTag, ReadableFile, WritableFile } from '../storage.ts'
import { type EncryptionKey, SALT_BYTES } from './encryption-key.ts'
import {
  encodeFileHeader,
  FRAME_KIND,
  FRAME_NUMBER_MAX,
  FRAME_OVERHEAD_BYTES,
  FRAME_PAYLOAD_BYTES,
  frameWord,
  payloadBytesOfWord,
  SEAL_END_BYTES,
  SESSION_PAYLOAD_BYTES,
  viewOf,
  writeFrame,
  writeSealEnd,
} from './frame-format.ts'
import { FrameList } from './frame-list.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FoundFrames } from './frame-scan.ts'

const NOTHING = new Uint8Array(0)

/** What a handle needs of its storage. */
export interface FileHost {
  readonly key: EncryptionKey
  /** Counts logical bytes. */
  readonly ledger: Ledger
  /** The frames that lie in the file now; null if it is empty. */
  frames(path: string): FoundFrames | null
  /** Cuts the file below to its first `bytes` bytes, unless it is shorter. */
  cut(path: string, bytes: number): void
  closed(file: EncryptedWritableFile): void
}

export class EncryptedWritableFile implements WritableFile {
  path: string
  readonly #file: WritableFile
  readonly #host: FileHost
  readonly #account: number
  /** Undefined until it is needed; null if the file is empty. */
  #list: FrameList | null | undefined
  /** The key of this handle's session; null before its first append. */
  #session: KeyObject | null = null
  #synced = 0
  #failure: { readonly cause: unknown } | null = null
  #isClosed = false
  #isFinished = false

  /** `isNew`: the file is empty. */
  constructor(file: WritableFile, host: FileHost, tag: FileTag, isNew: boolean) {
    this.path = file.path
    this.#file = file
    this.#host = host
    this.#account = Ledger.account(tag.cause, tag.level)
    if (isNew) this.#list = null
  }

  get bytes(): number {
    return this.#frames()?.bytes ?? 0
  }

  append(bytes: Uint8Array, section: Section): void {
    assert(!this.#isClosed, 'append to a closed file')
    assert(!this.#isFinished, 'a linked or removed file is finished')
    if (bytes.length === 0) return
    if (this.#failure !== null) throw this.#failure.cause
    if (this.#session === null) this.#cutTornEnd()
    const { start, list, session } = this.#started()
    const frames = Math.ceil(bytes.length / FRAME_PAYLOAD_BYTES)
    assert(list.words.length + frames < FRAME_NUMBER_MAX, 'a file has less than 2^32 frames')
    const written = new Uint8Array(start.length + bytes.length + frames * FRAME_OVERHEAD_BYTES)
    written.set(start)
    let at = start.length
    const words: number[] = []
    for (let from = 0; from < bytes.length; from += FRAME_PAYLOAD_BYTES) {
      const payload = bytes.subarray(from, from + FRAME_PAYLOAD_BYTES)
      const number = list.words.length + words.length
      const header = { kind: FRAME_KIND.data, number, synced: this.#synced }
      at = writeFrame(written, at, header, session, list.salt, NOTHING, payload)
      words.push(frameWord(FRAME_KIND.data, payload.length))
    }
    this.#list = list
    this.#session = session
    try {
      this.#file.append(written, section)
    } catch (cause) {
      this.#failure = { cause }
      throw cause
    }
    for (const word of words) list.add(word)
    this.#host.ledger.countWrite(this.#account, section, bytes.length)
  }

  sync(): void {
    assert(!this.#isClosed, 'sync of a closed file')
    this.#file.sync()
    this.#synced = this.#list?.words.length ?? 0
  }

  async syncAsync(): Promise<void> {
    assert(!this.#isClosed, 'sync of a closed file')
    const written = this.#list?.words.length ?? 0
    await this.#file.syncAsync()
    // A truncation meanwhile may have left fewer frames.
    this.#synced = Math.min(Math.max(this.#synced, written), this.#list?.words.length ?? 0)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#host.closed(this)
    try {
      this.finish()
    } finally {
      this.#file.close()
    }
  }

  /** Writes the seal, if there was an append. A seal that fails is not needed to read the file. */
  finish(): void {
    const [list, session] = [this.#list, this.#session]
    const isDue = !this.#isFinished && this.#failure === null
    this.#isFinished = true
    if (!isDue || !list || session === null) return
    try {
      this.#file.append(this.#seal(list, session), 'meta')
    } catch (error) {
      if (!isLsmError(error)) throw error
    }
  }

  /** The file has lost its name: nothing is written any more. */
  abandon(): void {
    this.#isFinished = true
  }

  /** The file was shortened: the next append begins a new session at its end. */
  truncated(): void {
    this.#list = undefined
    this.#session = null
    this.#synced = 0
  }

  #frames(): FrameList | null {
    if (this.#list === undefined) {
      const found = this.#host.frames(this.path)
      this.#list = found?.list ?? null
      this.#synced = found?.synced ?? 0
    }
    return this.#list
  }

  /** Removes what a crash left behind the last sound frame. */
  #cutTornEnd(): void {
    if (this.#list === null) return
    this.#host.cut(this.path, this.#frames()?.physicalEnd ?? 0)
  }

  /** What precedes the next frame: a header, a session frame or nothing. */
  #started(): {
    readonly start: Uint8Array
    readonly list: FrameList
    readonly session: KeyObject
  } {
    const { key } = this.#host
    const list = this.#frames()
    if (list !== null && this.#session !== null) {
      return { start: NOTHING, list, session: this.#session }
    }
    const salt = randomBytes(SALT_BYTES)
    const session = key.fileKey(salt)
    if (list !== null) {
      const start = sessionFrame(list, salt, session, list.bytes, this.#synced)
      return { start, list, session }
    }
    const name = this.path.slice(this.path.lastIndexOf('/') + 1)
    const start = encodeFileHeader(session, key.derivation, salt, name)
    return { start, list: new FrameList(start.length, salt, session), session }
  }

  #seal(list: FrameList, session: KeyObject): Uint8Array {
    const number = list.words.length
    const words = new Uint8Array(4 * number)
    const view = viewOf(words)
    for (const [index, word] of list.words.entries()) view.setUint32(4 * index, word, true)
    const payloadBytes = SALT_BYTES + words.length
    const seal = new Uint8Array(FRAME_OVERHEAD_BYTES + payloadBytes + SEAL_END_BYTES)
    const header = { kind: FRAME_KIND.seal, number, synced: this.#synced }
    const salt = list.saltOf(number)
    const end = writeFrame(seal, 0, header, session, list.salt, salt, words)
    writeSealEnd(seal, end, seal.length)
    return seal
  }
}

/** Adds a session to the list, and returns its frame. */
export function sessionFrame(
  list: FrameList,
  salt: Uint8Array,
  key: KeyObject,
  keptBytes: number,
  synced: number,
): Uint8Array {
  const clear = new Uint8Array(SESSION_PAYLOAD_BYTES)
  clear.set(salt)
  viewOf(clear).setBigUint64(SALT_BYTES, BigInt(keptBytes), true)
  const word = frameWord(FRAME_KIND.session, SESSION_PAYLOAD_BYTES)
  const frame = new Uint8Array(FRAME_OVERHEAD_BYTES + payloadBytesOfWord(word))
  const header = { kind: FRAME_KIND.session, number: list.words.length, synced }
  writeFrame(frame, 0, header, key, list.salt, clear, NOTHING)
  list.add(word, { key, salt, keptBytes })
  return frame
}

/** An open file. The handles that `tagged` made share what is known of its frames. */
export class EncryptedReadableFile implements ReadableFile {
  readonly path: string
  readonly bytes: number
  readonly #file: ReadableFile
  readonly #frames: FrameReader
  readonly #ledger: Ledger
  readonly #account: number

  constructor(
    file: ReadableFile,
    frames: FrameReader,
    ledger: Ledger,
    tag: FileTag,
    bytes: number,
  ) {
    this.path = file.path
    this.bytes = bytes
    this.#file = file
    this.#frames = frames
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    this.#frames.read(this.#file, target, length, offset, section)
    if (length > 0) this.#ledger.countRead(this.#account, section, length)
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    await this.#frames.readAsync(this.#file, target, length, offset, section)
    if (length > 0) this.#ledger.countRead(this.#account, section, length)
  }

  tagged(tag: FileTag): ReadableFile {
    const file = this.#file.tagged(tag)
    return new EncryptedReadableFile(file, this.#frames, this.#ledger, tag, this.bytes)
  }

  close(): void {
    this.#frames.close()
    this.#file.close()
  }
}
