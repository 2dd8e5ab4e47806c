/**
 * Finds where the frames of a zstd file start and end (RFC 8878, §3.1). A file is a sequence of any
 * number of frames, as `cat a.zst b.zst` and pzstd write it; some are skippable and hold no
 * content. A decompressor stops after its first frame and silently ignores the rest, so this file
 * separates the frames by their heads and the heads of their blocks.
 *
 *  frame:     | u32 magic | u8 descriptor | window, dictionary, content size | blocks | checksum? |
 *  block:     | u24: bit 0 last, bits 1–2 type, bits 3–23 size | content (one byte if repeated) |
 *  skippable: | u32 magic | u32 size | content |
 *
 * Invariant: every byte of the file belongs to a frame and is yielded; none is skipped.
 */

import { corruption } from '../../../engine/base/errors.ts'
import type { PackedBytes } from './packed-bytes.ts'

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAGIC_BYTES = 4
const BLOCK_HEAD_BYTES = 3
const CHECKSUM_BYTES = 4
const BLOCK = { repeated: 1, reserved: 3 } as const

/** Whether a zstd file may start with `head`: with a frame, or with a skippable one. */
export function isZstd(head: Uint8Array): boolean {
  if (head.length < MAGIC_BYTES) return false
  const magic = littleEndian(head.subarray(0, MAGIC_BYTES))
  return magic === MAGIC || isSkippable(magic)
}

/**
 * The bytes of `source` in pieces that never cross the end of a frame. Throws `LSM_CORRUPTION` with
 * the offset of a frame that is cut short, or of bytes that do not start a frame.
 */
export async function* zstdFrames(source: PackedBytes): AsyncGenerator<Uint8Array> {
  for (;;) {
    const start = source.offset
    const head = await source.take(MAGIC_BYTES)
    if (head.length === 0) return
    const magic = head.length === MAGIC_BYTES ? littleEndian(head) : 0
    if (magic !== MAGIC && !isSkippable(magic)) {
      const what = 'damaged zstd: the bytes after the last frame do not start another'
      throw corruption(what, { path: source.path, offset: start })
    }
    yield head
    yield* magic === MAGIC ? frame(source, start) : skippable(source, start)
  }
}

async function* skippable(source: PackedBytes, start: number): AsyncGenerator<Uint8Array> {
  const size = await whole(source, 4, start)
  yield size
  yield* through(source, littleEndian(size), start)
}

async function* frame(source: PackedBytes, start: number): AsyncGenerator<Uint8Array> {
  const descriptor = await whole(source, 1, start)
  yield descriptor
  const flags = descriptor[0]!
  yield* through(source, headBytes(flags), start)
  for (let last = false; !last; ) {
    const blockHead = await whole(source, BLOCK_HEAD_BYTES, start)
    yield blockHead
    const bits = littleEndian(blockHead)
    const type = (bits >>> 1) & 3
    if (type === BLOCK.reserved) {
      const offset = source.offset - BLOCK_HEAD_BYTES
      throw corruption('damaged zstd: a block of no known type', { path: source.path, offset })
    }
    yield* through(source, type === BLOCK.repeated ? 1 : bits >>> 3, start)
    last = (bits & 1) === 1
  }
  const hasChecksum = (flags & 4) !== 0
  if (hasChecksum) yield await whole(source, CHECKSUM_BYTES, start)
}

/** Number of bytes in a frame's head after its descriptor. */
function headBytes(flags: number): number {
  const isSingleSegment = (flags & 0x20) !== 0
  const sizeFlag = flags >>> 6
  const windowBytes = isSingleSegment ? 0 : 1
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!
  const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag
  return windowBytes + dictionaryBytes + contentSizeBytes
}

/** The next `bytes` bytes of the frame that starts at `start`, in pieces. */
async function* through(
  source: PackedBytes,
  bytes: number,
  start: number,
): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; ) {
    const piece = await source.some(left)
    if (piece.length === 0) throw cutShort(source, start)
    yield piece
    left -= piece.length
  }
}

async function whole(source: PackedBytes, bytes: number, start: number): Promise<Uint8Array> {
  const taken = await source.take(bytes)
  if (taken.length < bytes) throw cutShort(source, start)
  return taken
}

function cutShort(source: PackedBytes, offset: number): Error {
  const what = 'damaged or truncated zstd: the file ends within the frame that begins here'
  return corruption(what, { path: source.path, offset })
}

function isSkippable(magic: number): boolean {
  return (magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC
}

/** Up to four bytes as a number. */
function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
}
