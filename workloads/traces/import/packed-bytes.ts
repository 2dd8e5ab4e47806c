/**
 * Owns the bytes of a file in order, for readers that choose the size of each piece. Invariant: one
 * chunk is in memory at a time, and `offset` is that of the next byte.
 */

import { type FileHandle, open } from 'node:fs/promises'

const CHUNK_BYTES = 1 << 18

export class PackedBytes {
  readonly path: string
  /** Offset of the next byte from the start of the file. */
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

  /** Between one and `bytesMax` bytes; none at the end of the file. The caller owns them. */
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

  /** Exactly `bytes` bytes, a small number; fewer at the end of the file. */
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
