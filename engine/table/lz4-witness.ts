/**
 * Owns the independent check of compressed blocks by LZ4's own code (package lz4-napi). The hot
 * paths use our own encoder and decoder, because native results are freed only when the event loop
 * turns. Verification decodes every LZ4 block with this library too.
 */

import { uncompressSync } from 'lz4-napi'
import { equalBytes } from '../base/compare.ts'

/** lz4-napi needs the raw size, u32le, before the block. */
const PREFIX_BYTES = 4

/**
 * Whether LZ4's decoder makes `raw` out of the stored payload: varint32 raw bytes ‖ one raw block.
 */
export function lz4Agrees(payload: Uint8Array, raw: Uint8Array): boolean {
  const block = payload.subarray(varintBytes(payload))
  const prefixed = Buffer.alloc(PREFIX_BYTES + block.length)
  prefixed.writeUInt32LE(raw.length)
  prefixed.set(block, PREFIX_BYTES)
  try {
    return equalBytes(uncompressSync(prefixed), raw)
  } catch {
    return false
  }
}

function varintBytes(payload: Uint8Array): number {
  let bytes = 1
  while (payload[bytes - 1]! >= 0x80) bytes++
  return bytes
}
