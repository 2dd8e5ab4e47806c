/**
 * Owns the micro-benchmarks of tables: entries of `bench-entries.ts` in 4 KiB blocks. The key of
 * entry i is the decimal 2i, so the odd numbers are absent. The files are real, in the system's
 * temporary folder, and never synced.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CursorFields } from '../../engine/base/internal-cursor.ts'
import { SEQ_NUM_MAX } from '../../engine/base/internal-key.ts'
import { Lookup } from '../../engine/base/lookup.ts'
import { createRandom } from '../../engine/base/random.ts'
import { ReadCounters } from '../../engine/base/read-counters.ts'
import { BlockCache } from '../../engine/cache/block-cache.ts'
import { Ledger } from '../../engine/storage/ledger.ts'
import { NodeStorage } from '../../engine/storage/node-storage.ts'
import type { Compression } from '../../engine/table/compression.ts'
import { BloomFilter, FilterBuilder } from '../../engine/table/filter.ts'
import { ReadAhead } from '../../engine/table/table-cursor.ts'
import { TableReader } from '../../engine/table/table-reader.ts'
import { TableWriter } from '../../engine/table/table-writer.ts'
import type { BenchCase } from './bench-case.ts'
import { createValues, KEY_BYTES, VALUE_BYTES, writeNumber } from './bench-entries.ts'

/** A prototype of the table writer: 1 M entries, no fsync, operations per second. */
const REFERENCE_WRITE = { none: 4.4e6, lz4: 1.33e6, zstd: 0.48e6 } as const
/** The same prototype's reads: gets over 500 k entries in cached, uncompressed 4 KiB blocks. */
const REFERENCE_GET = 0.47e6
const REFERENCE_FILTERED_MISS = 4.5e6
/** The middle of 16 to 28 million. */
const REFERENCE_ITERATION = 22e6

const WRITE_ENTRIES = 200_000
const READ_ENTRIES = 500_000
const READS = 100_000
const READ_AHEAD_BYTES = 256 * 1024

const folder = mkdtempSync(join(tmpdir(), 'varve-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const storage = new NodeStorage(new Ledger())
const tag = { cause: 'flush', level: 0 } as const
let tables = 0

const values = createValues()
const valuesCount = Math.floor(values.length / VALUE_BYTES)

function createKeys(count: number, numberOf: (index: number) => number): Uint8Array {
  const keys = new Uint8Array(count * KEY_BYTES)
  for (let index = 0; index < count; index++) writeNumber(keys, index * KEY_BYTES, numberOf(index))
  return keys
}

function writeTable(path: string, keys: Uint8Array, compression: Compression): void {
  const file = storage.create(path, tag)
  const writer = new TableWriter(file, { compression, bitsPerKey: 10 })
  const count = keys.length / KEY_BYTES
  const entry = new CursorFields()
  entry.keyBytes = keys
  entry.keyLength = KEY_BYTES
  entry.valueBytes = values
  entry.valueLength = VALUE_BYTES
  for (let index = 0; index < count; index++) {
    entry.keyStart = index * KEY_BYTES
    entry.seq = count - index
    entry.valueStart = (index % valuesCount) * VALUE_BYTES
    writer.add(entry)
  }
  writer.finish()
  file.close()
}

function writing(compression: Compression): BenchCase {
  return {
    name: `table write, ${compression}`,
    unit: 'entries',
    opsPerIteration: WRITE_ENTRIES,
    referenceOpsPerSecond: REFERENCE_WRITE[compression],
    setup() {
      const keys = createKeys(WRITE_ENTRIES, (index) => index * 2)
      return () => {
        const path = join(folder, `${++tables}`)
        writeTable(path, keys, compression)
        storage.remove(path)
      }
    },
  }
}

function openTable(compression: Compression): TableReader {
  const path = join(folder, `${++tables}`)
  writeTable(
    path,
    createKeys(READ_ENTRIES, (index) => index * 2),
    compression,
  )
  return TableReader.open(storage.open(path, tag), tables, new BlockCache(1 << 30))
}

function scan(reader: TableReader, readAheadBytes: number): number {
  const cursor = reader.cursor({
    file: reader.file,
    counters: new ReadCounters(),
    fillCache: readAheadBytes === 0,
    ...(readAheadBytes > 0 && { readAhead: new ReadAhead(readAheadBytes) }),
  })
  let valueBytes = 0
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) valueBytes += cursor.valueLength
  return valueBytes
}

function scanning(
  name: string,
  compression: Compression,
  readAheadBytes: number,
  referenceOpsPerSecond: number | null,
): BenchCase {
  return {
    name,
    unit: 'entries',
    opsPerIteration: READ_ENTRIES,
    referenceOpsPerSecond,
    setup() {
      const reader = openTable(compression)
      return () => void scan(reader, readAheadBytes)
    },
  }
}

/** `offset` 0: existing keys; 1: absent keys between them. */
function getting(name: string, offset: number, referenceOpsPerSecond: number): BenchCase {
  return {
    name,
    unit: 'gets',
    opsPerIteration: READS,
    referenceOpsPerSecond,
    setup() {
      const reader = openTable('none')
      scan(reader, 0)
      const random = createRandom(2)
      const numberOf = () => random.nextBelow(READ_ENTRIES) * 2 + offset
      const bytes = createKeys(READS, numberOf)
      const keys = Array.from({ length: READS }, (_, index) =>
        bytes.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES),
      )
      const lookup = new Lookup()
      const counters = new ReadCounters()
      return () => {
        for (const key of keys) reader.get(key, SEQ_NUM_MAX, lookup, counters)
      }
    },
  }
}

function buildFilter(keys: Uint8Array): Uint8Array {
  const builder = new FilterBuilder(10)
  for (let start = 0; start < keys.length; start += KEY_BYTES) builder.add(keys, start, KEY_BYTES)
  return builder.finish()
}

export const cases: readonly BenchCase[] = [
  writing('none'),
  writing('lz4'),
  writing('zstd'),
  getting('get, cached', 0, REFERENCE_GET),
  getting('get, filtered miss', 1, REFERENCE_FILTERED_MISS),
  scanning('iteration, cached', 'none', 0, REFERENCE_ITERATION),
  scanning('iteration, read ahead', 'none', READ_AHEAD_BYTES, null),
  scanning('iteration, read ahead, lz4', 'lz4', READ_AHEAD_BYTES, null),
  {
    name: 'bloom build',
    unit: 'keys',
    opsPerIteration: READ_ENTRIES,
    referenceOpsPerSecond: null,
    setup() {
      const keys = createKeys(READ_ENTRIES, (index) => index * 2)
      return () => void buildFilter(keys)
    },
  },
  {
    name: 'bloom probe, absent',
    unit: 'probes',
    opsPerIteration: READS,
    referenceOpsPerSecond: null,
    setup() {
      const filter = BloomFilter.decode(buildFilter(createKeys(READ_ENTRIES, (index) => index * 2)))
      const absent = Array.from({ length: READS }, (_, index) => createKeys(1, () => index * 2 + 1))
      return () => {
        for (const key of absent) filter?.mayContain(key)
      }
    },
  },
]
