/**
 * Owns the bytes of a file in order, for readers that take them in pieces of their own choice.
 * Invariant: a chunk at a time, and `offset` is that of the next byte.
 */

import { type FileHandle, open } from 'node:fs/promises'

const CHUNK_BYTES = 1 << 18

export class PackedBytes {
  readonly path: string
  /** Of the next byte, from the file's start. */
  offset = 0
  readonly #file: FileHandle
  #chunk = new Uint8Array(0)

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  static async open(path: string): Promise<PackedBytes> {
    return new PackedBytes(path, await open(path))
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** From one to `bytesMax` bytes; none at the file's end. Owned by the caller. */
  async some(bytesMax: number): Promise<Uint8Array> {
    if (this.#chunk.length === 0) {
      const { bytesRead, buffer } = await this.#file.read(new Uint8Array(CHUNK_BYTES))
      this.#chunk = buffer.subarray(0, bytesRead)
    }
    const piece = this.#chunk.subarray(0, bytesMax)
    this.#chunk = this.#chunk.subarray(piece.length)
    this.offset += piece.length
    return piece
  }

  /** Exactly `bytes`, a few; fewer at the file's end. */
  async take(bytes: number): Promise<Uint8Array> {
    const taken = new Uint8Array(bytes)
    let length = 0
    while (length < bytes) {
      const piece = await this.some(bytes - length)
      if (piece.length === 0) break
      taken.set(piece, length)
      length += piece.length
    }
    return taken.subarray(0, length)
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.some(CHUNK_BYTES)
      if (piece.length === 0) return
      yield piece
    }
  }
}
