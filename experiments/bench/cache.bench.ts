/**
 * Owns the micro-benchmarks of the block cache: what one access costs under each policy. Accesses
 * are skewed, so that about half of them hit; a miss inserts the block and evicts others. LRU and
 * W-TinyLFU, which the engine does not have, are measured for comparison.
 */

import { createRandom } from '../../engine/base/random.ts'
import { BlockCache } from '../../engine/cache/block-cache.ts'
import type { BenchCase } from './bench-case.ts'
import { POLICIES } from './cache-policies.ts'

const BLOCK_BYTES = 4096
const BLOCKS_CACHED = 2048
const BLOCKS_READ = 16 * BLOCKS_CACHED
const ACCESSES = 100_000

const random = createRandom(3)
const offsets = Float64Array.from(
  { length: ACCESSES },
  () => BLOCK_BYTES * Math.floor(BLOCKS_READ * random.nextDouble() ** 4),
)
const block = new Uint8Array(BLOCK_BYTES)

export const cases: readonly BenchCase[] = Object.entries(POLICIES).map(([name, create]) => ({
  name: `cache access, ${name}`,
  unit: 'accesses',
  opsPerIteration: ACCESSES,
  referenceOpsPerSecond: null,
  setup() {
    const cache = new BlockCache(BLOCKS_CACHED * BLOCK_BYTES, create())
    return () => {
      for (let index = 0; index < ACCESSES; index++) {
        const offset = offsets[index]!
        if (cache.get(1, offset) === undefined) cache.insert(1, offset, block)
      }
    }
  },
}))
