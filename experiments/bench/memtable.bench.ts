/**
 * Owns the micro-benchmarks of the memtable and of the cursors above it. Keys are 16 random bytes:
 * usually their first four bytes already decide a comparison. One case has decimal keys, whose
 * first four bytes never decide. An insert case fills a fresh memtable each time, including the
 * first touch of its arena.
 */

import { Lookup } from '../../engine/base/lookup.ts'
import { createRandom } from '../../engine/base/random.ts'
import { MergingCursor } from '../../engine/iterators/merging-cursor.ts'
import { VisibleCursor } from '../../engine/iterators/visible-cursor.ts'
import { MemTable } from '../../engine/memtable/memtable.ts'
import type { BenchCase } from './bench-case.ts'

const KEY_BYTES = 16
const SEED = 42

/** `count` keys, one after the other. */
function randomKeys(count: number, seed: number): Uint8Array {
  const random = createRandom(seed)
  const words = Uint32Array.from({ length: (count * KEY_BYTES) / 4 }, () => random.nextU32())
  return new Uint8Array(words.buffer)
}

function decimalKeys(count: number, seed: number): Uint8Array {
  const random = createRandom(seed)
  const keys = new Uint8Array(count * KEY_BYTES)
  for (let index = 0; index < count; index++) {
    const digits = String(random.nextBelow(1e12)).padStart(KEY_BYTES - 4, '0')
    new TextEncoder().encodeInto(`user${digits}`, keys.subarray(index * KEY_BYTES))
  }
  return keys
}

function fill(keys: Uint8Array, valueBytes: number, firstSeq = 1): MemTable {
  const entries = keys.length / KEY_BYTES
  const value = new Uint8Array(valueBytes).fill(7)
  const table = new MemTable({ capacityBytes: entries * (KEY_BYTES + valueBytes), seed: SEED })
  for (let index = 0; index < entries; index++) {
    const seq = firstSeq + index
    table.add(seq, 1, keys, index * KEY_BYTES, KEY_BYTES, value, 0, valueBytes)
  }
  return table
}

function insertCase(
  name: string,
  entries: number,
  valueBytes: number,
  keysOf: (count: number, seed: number) => Uint8Array,
  referenceOpsPerSecond: number | null,
): BenchCase {
  return {
    name,
    unit: 'inserts',
    opsPerIteration: entries,
    referenceOpsPerSecond,
    setup() {
      const keys = keysOf(entries, SEED)
      return () => {
        fill(keys, valueBytes)
      }
    },
  }
}

const GET_ENTRIES = 30_000

const getCase: BenchCase = {
  name: 'memtable get, 30 k entries',
  unit: 'gets',
  opsPerIteration: GET_ENTRIES,
  referenceOpsPerSecond: null,
  setup() {
    const keys = randomKeys(GET_ENTRIES, SEED)
    const table = fill(keys, 8)
    const random = createRandom(SEED + 1)
    const wanted = Array.from({ length: GET_ENTRIES }, () => {
      const start = random.nextBelow(GET_ENTRIES) * KEY_BYTES
      return keys.slice(start, start + KEY_BYTES)
    })
    const lookup = new Lookup()
    return () => {
      for (const key of wanted) {
        if (!table.get(key, GET_ENTRIES, lookup)) throw new Error('a key is missing')
      }
    }
  },
}

const MERGE_ENTRIES = 64_000

function mergedMemTables(children: number): MergingCursor {
  const entries = MERGE_ENTRIES / children
  const cursors = Array.from({ length: children }, (_, child) =>
    fill(randomKeys(entries, SEED + child), 8, 1 + child * entries).cursor(),
  )
  return new MergingCursor(cursors.reverse())
}

interface Walker {
  readonly valid: boolean
  seekToFirst(): void
  next(): void
}

function scanCase(name: string, unit: string, cursorOf: () => Walker): BenchCase {
  return {
    name,
    unit,
    opsPerIteration: MERGE_ENTRIES,
    referenceOpsPerSecond: null,
    setup() {
      const cursor = cursorOf()
      return () => {
        let steps = 0
        for (cursor.seekToFirst(); cursor.valid; cursor.next()) steps++
        if (steps !== MERGE_ENTRIES) throw new Error(`${steps} steps`)
      }
    },
  }
}

const visible = (children: number) => () =>
  new VisibleCursor(mergedMemTables(children), { seq: MERGE_ENTRIES })

export const cases: readonly BenchCase[] = [
  insertCase('memtable insert, 30 k entries', 30_000, 8, randomKeys, 3.2e6),
  insertCase('memtable insert, 30 k entries of 100 B', 30_000, 100, randomKeys, null),
  insertCase('memtable insert, 30 k decimal keys', 30_000, 8, decimalKeys, null),
  insertCase('memtable insert, 500 k entries', 500_000, 8, randomKeys, 0.6e6),
  getCase,
  scanCase('merging 4 memtables', 'steps', () => mergedMemTables(4)),
  scanCase('merging 16 memtables', 'steps', () => mergedMemTables(16)),
  scanCase('visible scan over 1 memtable', 'steps', visible(1)),
  scanCase('visible scan over 4 memtables', 'steps', visible(4)),
]
