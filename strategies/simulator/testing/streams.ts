/**
 * Owns seeded operation streams for tests of simulators. Keys are borrowed until the next write.
 */

import { createRandom } from '../../../engine/base/random.ts'
import { ScrambledZipfian } from '../../../workloads/distributions/scrambled-zipfian.ts'
import { Operation, WORKLOADS } from '../../../workloads/index.ts'
import { JavaRandom } from '../../../workloads/java-random.ts'
import type { Write } from './both-ways.ts'

/** Load and run phases of a YCSB workload; a value is one field, written without a read. */
export function* ycsbWrites(
  name: string,
  size: { readonly records: number; readonly operations: number; readonly valueBytes: number },
  seed: number,
): Generator<Write, void, undefined> {
  const workload = WORKLOADS.get(name)!.create({}, { ...size, seed, repeat: 0 })
  const operation = new Operation()
  for (const stream of [workload.load, ...workload.phases.map((phase) => phase.stream)]) {
    while (stream.next(operation)) {
      const { key, valueLength } = operation
      if (valueLength > 0) yield { key, valueLength }
      stream.acknowledge(operation)
    }
  }
}

/** Puts and deletes over few keys of all lengths: overwrites, tombstones, shared prefixes. */
export function* churn(count: number, keys: number, seed: number): Generator<Write> {
  const random = createRandom(seed)
  const names = Array.from({ length: keys }, () => {
    const shared = 'k'.repeat(random.nextBelow(3))
    return new TextEncoder().encode(shared + random.nextU32().toString(random.nextBelow(30) + 2))
  })
  for (let i = 0; i < count; i++) {
    const key = names[random.nextBelow(keys)]!
    yield { key, valueLength: random.nextBelow(4) === 0 ? null : random.nextBelow(200) }
  }
}

/** Whole buffers of unique keys, as in the papers. `order` as in the workloads. */
export function* uniqueWrites(
  entries: number,
  entryBytes: number,
  order: 'hashed' | 'ordered',
  seed = 0,
): Generator<Write, void, undefined> {
  const key = new Uint8Array(16)
  const view = new DataView(key.buffer)
  for (let index = 0; index < entries; index++) {
    view.setUint32(0, order === 'hashed' ? scrambled(index ^ seed) : index)
    yield { key, valueLength: entryBytes - key.length }
  }
}

/** Fresh keys, then updates by YCSB's zipfian; every eighth is a delete instead. */
export function* skewedWrites(
  writes: number,
  keys: number,
  entryBytes: number,
  seed: number,
): Generator<Write, void, undefined> {
  yield* uniqueWrites(keys, entryBytes, 'hashed', seed)
  const popular = new ScrambledZipfian(new JavaRandom(seed), 0, keys - 1)
  const key = new Uint8Array(16)
  const view = new DataView(key.buffer)
  for (let index = keys; index < writes; index++) {
    view.setUint32(0, scrambled(popular.next() ^ seed))
    yield { key, valueLength: index % 8 === 0 ? null : entryBytes - key.length }
  }
}

/** A bijection of 32-bit integers (MurmurHash3's finaliser), so keys stay unique. */
export function scrambled(index: number): number {
  let mixed = Math.imul(index ^ (index >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
