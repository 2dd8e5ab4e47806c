/**
 * Owns the frames of `native`, our own format of traces; FORMAT.md shows them byte by byte. A file
 * is a prelude, frames, and a tail with the offset of the last frame, the footer:
 *
 *   +---------------+-------------+   +--------+------------------+--------+   +------+
 *   | magic, 8 B    | u32 version |   | header | operations … (n) | footer |   | tail |
 *   +---------------+-------------+   +--------+------------------+--------+   +------+
 *
 *   frame: u8 type, u8 compression, u16 phase, u32 operations, u32 raw, u32 stored, u32 crc,
 *          followed by `stored` bytes; the crc covers the 16 bytes before it and these bytes
 *   tail:  u64 footer offset, u32 crc of it, magic, 8 B
 *
 * Invariant: a frame is either complete or refused with its offset. All numbers here are persisted,
 * so never renumber.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { z } from 'zod'
import { ByteReader, ByteWriter } from '../../engine/base/coding.ts'
import { crc32c, maskCrc } from '../../engine/base/crc32c.ts'
import { corruption, isLsmError } from '../../engine/base/errors.ts'
import type { Json } from '../../engine/base/json.ts'

export const TRACE_VERSION = 1
export const TRACE_MAGIC = new TextEncoder().encode('VARVETRC')
export const TAIL_MAGIC = new TextEncoder().encode('VARVEEND')
export const PRELUDE_BYTES = TRACE_MAGIC.length + 4
export const FRAME_HEAD_BYTES = 20
export const TAIL_BYTES = 8 + 4 + TAIL_MAGIC.length
const CRC_OFFSET = 16

export const FRAME_TYPE = { header: 1, operations: 2, footer: 3 } as const
export const TRACE_COMPRESSION = { none: 0, zstd: 1 } as const
/** How the frames of a trace are compressed. */
export type TraceCompression = keyof typeof TRACE_COMPRESSION

/** A frame holds at most one value and a block; a larger size means damage. */
const RAW_BYTES_MAX = 2 ** 30
/** A higher level gains little, because the frames hold mostly seeds and hashed keys. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

const count = z.int().nonnegative()

/** Facts known before the first operation. */
export const traceHeaderSchema = z.strictObject({
  /** Name of the recorded workload, or of the import format. */
  workload: z.string().min(1),
  /** The workload's parameters, in the form of a result's config. */
  params: z.record(z.string(), z.json()) as z.ZodType<Readonly<Record<string, Json>>>,
  /**
   * The size requested from the workload, if there was one. Its streams may hold more or fewer
   * operations.
   */
  size: z.strictObject({ records: count, operations: count }).optional(),
  keyNumbers: z.enum(['dense', 'hashed']),
})
/** What a trace says of itself at its beginning. */
export type TraceHeader = Readonly<z.infer<typeof traceHeaderSchema>>

/** Facts known after the last operation. */
export const traceFooterSchema = z.strictObject({
  /** In order. The first is the load, which may be empty. */
  phases: z.array(
    z.strictObject({
      name: z.string().min(1),
      fieldNames: z.array(z.string()),
      operations: count,
      /** Offset of the phase's first frame; for a phase without frames, of the next frame. */
      offset: count,
    }),
  ),
  /** Properties of the origin, under its names. */
  properties: z.record(z.string(), z.string()),
  operationsByKind: z.array(count),
  /** Number of updates of one field. A store without fields runs these as read, merge and write. */
  fieldUpdates: count,
  keyBytesMax: count,
  valueBytesMax: count,
  /** Hex SHA-256 over the stored crc of every earlier frame: the trace's identity. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})
/** What a trace says of itself at its end: phases, sums, and the digest that identifies it. */
export type TraceFooter = Readonly<z.infer<typeof traceFooterSchema>>

export interface FrameHead {
  readonly type: number
  readonly compression: number
  readonly phase: number
  readonly operations: number
  readonly rawBytes: number
  readonly storedBytes: number
}

export interface Frame extends FrameHead {
  readonly offset: number
  /** Offset where the next frame starts. */
  readonly end: number
  /** Decompressed. Owned. */
  readonly payload: Uint8Array
}

/** Head and payload of one frame, ready to be appended. Owned. */
export function encodeFrame(
  head: Pick<FrameHead, 'type' | 'phase' | 'operations'>,
  raw: Uint8Array,
  compression: TraceCompression,
): Uint8Array {
  const packed = compression === 'zstd' ? zstdCompressSync(raw, ZSTD) : raw
  const smaller = packed.length < raw.length
  const stored = smaller ? packed : raw
  const writer = new ByteWriter(FRAME_HEAD_BYTES + stored.length)
  writer.u8(head.type).u8(TRACE_COMPRESSION[smaller ? compression : 'none'])
  writer.u16(head.phase).u32(head.operations).u32(raw.length).u32(stored.length)
  const crc = crc32c(stored, 0, stored.length, crc32c(writer.view()))
  return writer.u32(maskCrc(crc)).raw(stored).copy()
}

/** The crc of a frame, as stored. */
export function frameCrc(frame: Uint8Array): Uint8Array {
  return frame.subarray(CRC_OFFSET, FRAME_HEAD_BYTES)
}

/** Up to `length` bytes of the file from `offset` on; fewer at its end. */
export function readAt(path: string, offset: number, length: number): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    // Never more than the file has: a damaged length must not allocate memory.
    const left = Math.max(0, fstatSync(descriptor).size - offset)
    const bytes = new Uint8Array(Math.min(length, left))
    let read = 0
    for (let more = -1; more !== 0 && read < bytes.length; read += more) {
      more = readSync(descriptor, bytes, read, bytes.length - read, offset + read)
    }
    return bytes.subarray(0, read)
  } finally {
    closeSync(descriptor)
  }
}

/** Reads and checks the frame at `offset`. Throws `LSM_CORRUPTION` with its offset. */
export function readFrame(path: string, offset: number): Frame {
  const headBytes = readAt(path, offset, FRAME_HEAD_BYTES)
  const damaged = (what: string) => corruption(what, { path, offset })
  if (headBytes.length < FRAME_HEAD_BYTES) throw damaged('the file ends inside a frame’s head')
  const head = decodeHead(headBytes, path)
  if (head.rawBytes > RAW_BYTES_MAX || head.storedBytes > RAW_BYTES_MAX) {
    throw damaged(`a frame of ${Math.max(head.rawBytes, head.storedBytes)} bytes`)
  }
  const stored = readAt(path, offset + FRAME_HEAD_BYTES, head.storedBytes)
  if (stored.length < head.storedBytes) {
    throw damaged(`the file ends inside a frame: ${stored.length} of ${head.storedBytes} bytes`)
  }
  const crc = maskCrc(crc32c(stored, 0, stored.length, crc32c(headBytes, 0, CRC_OFFSET)))
  if (crc !== new ByteReader(headBytes, path, CRC_OFFSET).u32()) {
    throw damaged('a frame’s checksum does not match')
  }
  const end = offset + FRAME_HEAD_BYTES + head.storedBytes
  return { ...head, offset, end, payload: unpack(head, stored, damaged) }
}

function decodeHead(bytes: Uint8Array, path: string): FrameHead {
  const reader = new ByteReader(bytes, path)
  return {
    type: reader.u8(),
    compression: reader.u8(),
    phase: reader.u8() + reader.u8() * 256,
    operations: reader.u32(),
    rawBytes: reader.u32(),
    storedBytes: reader.u32(),
  }
}

function unpack(
  { compression, rawBytes }: FrameHead,
  stored: Uint8Array,
  damaged: (what: string) => Error,
): Uint8Array {
  if (compression === TRACE_COMPRESSION.none) return stored
  if (compression !== TRACE_COMPRESSION.zstd) throw damaged(`unknown compression ${compression}`)
  try {
    const raw = zstdDecompressSync(stored, { maxOutputLength: Math.max(rawBytes, 1) })
    if (raw.length === rawBytes) return raw
    throw damaged(`${raw.length} bytes instead of ${rawBytes}`)
  } catch (error) {
    if (isLsmError(error)) throw error
    throw damaged(`a frame that does not unpack to ${rawBytes} bytes: ${(error as Error).message}`)
  }
}
