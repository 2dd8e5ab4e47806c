/**
 * Owns the bytes of a file to be imported: plain, gzip or zstd, recognised by the first bytes, not
 * by the name. Invariant: one chunk is in memory at a time, for any file size, and every byte of
 * the file is read. Several gzip members or zstd frames form one stream. Bytes after the last one
 * are refused, except zeros after gzip, which tapes and archives leave as padding.
 */

import { extname } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { corruption, invalidArgument } from '../../../engine/base/errors.ts'
import { readAt } from '../native-format.ts'
import { PackedBytes } from './packed-bytes.ts'
import { isZstd, zstdFrames } from './zstd-frames.ts'

const HEAD_BYTES = 6
const ZERO_CHUNK_BYTES = 1 << 16
const PACKED_NAMES: ReadonlySet<string> = new Set(['.gz', '.tgz', '.zst', '.zstd'])
/** Packings that are recognised by their first bytes, but not supported. */
const UNREAD: Readonly<Record<string, readonly number[]>> = {
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  bzip2: [0x42, 0x5a, 0x68],
  lz4: [0x04, 0x22, 0x4d, 0x18],
  zip: [0x50, 0x4b, 0x03, 0x04],
}

/**
 * The decompressed content of `path`. Remarks about the file are passed to `remark`. Throws the
 * system's error, `LSM_CORRUPTION` with the place of a damaged or torn stream, or
 * `LSM_INVALID_ARGUMENT` for a packing that is not supported.
 */
export async function* readChunks(
  path: string,
  remark: (text: string) => void,
): AsyncGenerator<Uint8Array> {
  const head = readAt(path, 0, HEAD_BYTES)
  const source = await PackedBytes.open(path)
  try {
    if (isGzip(head)) yield* gunzip(source)
    else if (isZstd(head)) yield* unzstd(source)
    else {
      const unread = Object.keys(UNREAD).find((name) => startsWith(head, UNREAD[name]!))
      if (unread !== undefined) {
        throw invalidArgument(
          `${path}: compressed with ${unread}, which is not supported; decompress it first`,
        )
      }
      const extension = extname(path)
      if (PACKED_NAMES.has(extension)) {
        remark(`${path} is named ${extension} but is not compressed: read as plain bytes`)
      }
      yield* source.rest()
    }
  } finally {
    await source.close()
  }
}

function isGzip(head: Uint8Array): boolean {
  return startsWith(head, [0x1f, 0x8b])
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => head[i] === byte)
}

/**
 * Reads members one after another. zlib reads them all, but stops at the first zero between them.
 */
async function* gunzip(source: PackedBytes): AsyncGenerator<Uint8Array> {
  const unpacked = createGunzip()
  yield* decompressed('gzip', source, source.rest(), unpacked)
  checkZeros(source.path, unpacked.bytesWritten)
}

function checkZeros(path: string, start: number): void {
  for (let offset = start; ; ) {
    const bytes = readAt(path, offset, ZERO_CHUNK_BYTES)
    if (bytes.length === 0) return
    const other = bytes.findIndex((byte) => byte !== 0)
    if (other >= 0) {
      const what = 'damaged gzip: bytes after the last member that are not zero'
      throw corruption(what, { path, offset: offset + other })
    }
    offset += bytes.length
  }
}

/** The decompressor starts a new frame only with a new write, so pieces end where frames end. */
function unzstd(source: PackedBytes): AsyncGenerator<Uint8Array> {
  return decompressed('zstd', source, zstdFrames(source), createZstdDecompress())
}

async function* decompressed(
  name: string,
  source: PackedBytes,
  pieces: AsyncIterable<Uint8Array>,
  unpacked: Transform & { readonly bytesWritten: number },
): AsyncGenerator<Uint8Array> {
  const packed = Readable.from(pieces)
  packed.on('error', (error) => unpacked.destroy(error))
  try {
    for await (const chunk of packed.pipe(unpacked)) {
      const { buffer, byteOffset, byteLength } = chunk as Uint8Array<ArrayBuffer>
      yield new Uint8Array(buffer, byteOffset, byteLength)
    }
  } catch (error) {
    const isPacked =
      error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))
    if (!isPacked) throw error
    const place = `between bytes ${unpacked.bytesWritten} and ${source.offset}`
    const what = `damaged or truncated ${name}, ${place}: ${error.message}`
    throw corruption(what, { path: source.path })
  } finally {
    packed.destroy()
  }
}
