/**
 * Owns measuring how well a workload's values compress, since a workload may not reach the ratio it
 * asks for. LZ4 compresses blocks of consecutive values, as in a table, of the first values
 * written.
 */

import { compressSync } from 'lz4-napi'
import { invalidArgument } from '../../engine/base/errors.ts'
import { VALUE_BYTES_MAX } from '../../engine/index.ts'
import { Operation, type Workload } from '../../workloads/index.ts'

/** Raw values in a block, as in the engine's default block. */
const BLOCK_BYTES = 4096
const SAMPLE_BYTES = 64 * BLOCK_BYTES
/** Operations read from each stream at most, since some streams write nothing. */
const OPERATIONS_MAX = 4096
/** lz4-napi puts the uncompressed size before the block. */
const SIZE_BYTES = 4

/**
 * Compressed ÷ raw; null if nothing is written. Consumes the beginning of the streams. Throws
 * `LSM_INVALID_ARGUMENT` for a value larger than the engine allows, before it is made.
 */
export function achievedCompression({ load, phases }: Pick<Workload, 'load' | 'phases'>) {
  const operation = new Operation()
  let block: Uint8Array[] = []
  let blockBytes = 0
  let rawBytes = 0
  let compressedBytes = 0
  const closeBlock = () => {
    rawBytes += blockBytes
    compressedBytes += compressSync(Buffer.concat(block)).length - SIZE_BYTES
    block = []
    blockBytes = 0
  }
  for (const stream of [load, ...phases.map((phase) => phase.stream)]) {
    for (let i = 0; i < OPERATIONS_MAX && rawBytes < SAMPLE_BYTES; i++) {
      if (!stream.next(operation)) break
      if (operation.valueLength > VALUE_BYTES_MAX) throw tooLarge(operation.valueLength)
      if (operation.valueLength > 0) block.push(stream.value(operation).slice())
      blockBytes += operation.valueLength
      if (blockBytes >= BLOCK_BYTES) closeBlock()
      stream.acknowledge(operation)
    }
    if (rawBytes >= SAMPLE_BYTES) break
  }
  if (blockBytes > 0 && rawBytes === 0) closeBlock()
  return rawBytes === 0 ? null : compressedBytes / rawBytes
}

function tooLarge(bytes: number): Error {
  return invalidArgument(
    `the workload writes a value of ${bytes} bytes; the engine takes at most ${VALUE_BYTES_MAX}`,
    { bytes },
  )
}
