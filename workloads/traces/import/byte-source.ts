/**
 * Owns the bytes of a file to be imported, plain, gzip or zstd, told apart by their first bytes and
 * not by the name. Invariant: a chunk at a time, whatever the file's size.
 */

import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { corruption } from '../../../engine/base/errors.ts'
import { readAt } from '../trace-format.ts'

const CHUNK_BYTES = 1 << 18

/** `path`'s content, decompressed. Throws the system's error, or `LSM_CORRUPTION` for a torn stream. */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  const packing = packingOf(readAt(path, 0, 4))
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  try {
    const stream: Readable = packing === null ? file : packing.unpack(file)
    for await (const chunk of stream) {
      const { buffer, byteOffset, byteLength } = chunk as Uint8Array<ArrayBuffer>
      yield new Uint8Array(buffer, byteOffset, byteLength)
    }
  } catch (error) {
    const isPacked =
      error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))
    if (packing === null || !isPacked) throw error
    throw corruption(`damaged or truncated ${packing.name}: ${(error as Error).message}`, { path })
  } finally {
    file.destroy()
  }
}

interface Packing {
  readonly name: string
  unpack(file: Readable): Readable
}

function packingOf(head: Uint8Array): Packing | null {
  const [a, b, c, d] = head
  if (a === 0x1f && b === 0x8b) return packing('gzip', () => createGunzip())
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) {
    return packing('zstd', () => createZstdDecompress())
  }
  return null
}

function packing(name: string, create: () => NodeJS.ReadWriteStream): Packing {
  return {
    name,
    unpack(file) {
      const unpacked = create()
      file.on('error', (error) => (unpacked as unknown as Readable).destroy(error))
      return file.pipe(unpacked) as unknown as Readable
    },
  }
}
