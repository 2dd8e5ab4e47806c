/**
 * Owns the files of MemoryStorage: their bytes, how many of them are durable, and the handles
 * through which they are written and read. Invariant: nothing is appended to a file with a second
 * name or without any; its readers can still read it.
 */

import { assert } from '../base/assert.ts'
import { corruption } from '../base/errors.ts'
import { Ledger, type Section } from './ledger.ts'
import type { FileTag, ReadableFile, WritableFile } from './storage.ts'

/** The bytes of a file, independent of its names: an inode. */
export class MemoryFile {
  readonly id: number
  nameCount = 0
  bytes: number
  /** The first `syncedBytes` bytes survive any power loss. */
  syncedBytes: number
  #buffer: Uint8Array

  constructor(id: number, content: Uint8Array = new Uint8Array(0)) {
    this.id = id
    this.#buffer = content
    this.bytes = content.length
    this.syncedBytes = content.length
  }

  /** Borrowed. */
  content(): Uint8Array {
    return this.#buffer.subarray(0, this.bytes)
  }

  append(source: Uint8Array): void {
    const end = this.bytes + source.length
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, this.#buffer.length * 2))
      grown.set(this.content())
      this.#buffer = grown
    }
    this.#buffer.set(source, this.bytes)
    this.bytes = end
  }

  read(target: Uint8Array, start: number, end: number): void {
    target.set(this.#buffer.subarray(start, end))
  }

  sync(upToBytes: number): void {
    this.syncedBytes = Math.min(Math.max(this.syncedBytes, upToBytes), this.bytes)
  }

  truncate(bytes: number): void {
    this.bytes = bytes
    this.syncedBytes = bytes
  }
}

export class MemoryWritableFile implements WritableFile {
  readonly path: string
  readonly #file: MemoryFile
  readonly #ledger: Ledger
  readonly #account: number
  #bytes: number
  #closed = false

  constructor(path: string, file: MemoryFile, ledger: Ledger, tag: FileTag) {
    this.path = path
    this.#file = file
    this.#bytes = file.bytes
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  get bytes(): number {
    return this.#bytes
  }

  append(bytes: Uint8Array, section: Section): void {
    assert(!this.#closed, 'append to a closed file')
    assert(this.#file.nameCount === 1, 'a linked or removed file is finished')
    if (bytes.length === 0) return
    this.#file.append(bytes)
    this.#bytes += bytes.length
    this.#ledger.countWrite(this.#account, section, bytes.length)
  }

  sync(): void {
    assert(!this.#closed, 'sync of a closed file')
    this.#file.sync(this.#file.bytes)
  }

  async syncAsync(): Promise<void> {
    assert(!this.#closed, 'sync of a closed file')
    const { bytes } = this.#file
    // Durable only on completion: a power loss between the call and its completion may lose the
    // bytes.
    await Promise.resolve()
    this.#file.sync(bytes)
  }

  close(): void {
    this.#closed = true
  }
}

/** An open file, shared by the handles that `tagged` made of each other; null once closed. */
interface Descriptor {
  file: MemoryFile | null
}

export class MemoryReadableFile implements ReadableFile {
  readonly path: string
  readonly bytes: number
  readonly #descriptor: Descriptor
  readonly #ledger: Ledger
  readonly #account: number

  constructor(path: string, bytes: number, descriptor: Descriptor, ledger: Ledger, tag: FileTag) {
    this.path = path
    this.bytes = bytes
    this.#descriptor = descriptor
    this.#ledger = ledger
    this.#account = Ledger.account(tag.cause, tag.level)
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    const { file } = this.#descriptor
    assert(file !== null, 'read from a closed file')
    this.#readFrom(file, target, length, offset, section)
  }

  #readFrom(
    file: MemoryFile,
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): void {
    const there = Math.min(length, Math.max(file.bytes - offset, 0))
    if (there > 0) {
      file.read(target, offset, offset + there)
      this.#ledger.countRead(this.#account, section, there)
    }
    if (there < length) {
      const where = { path: this.path, offset, expected: length, actual: there }
      throw corruption(`${length} bytes wanted, ${there} there`, where)
    }
  }

  async readAsync(
    target: Uint8Array,
    length: number,
    offset: number,
    section: Section,
  ): Promise<void> {
    const { file } = this.#descriptor
    assert(file !== null, 'read from a closed file')
    // The read returns the file that was open when it began, even if it is closed meanwhile.
    await Promise.resolve()
    this.#readFrom(file, target, length, offset, section)
  }

  tagged(tag: FileTag): ReadableFile {
    return new MemoryReadableFile(this.path, this.bytes, this.#descriptor, this.#ledger, tag)
  }

  close(): void {
    this.#descriptor.file = null
  }
}
