/** RocksDB's own tools check our tables, and our reader reads tables that RocksDB wrote. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { createRandom } from '../base/random.ts'
import type { RangeDeletions } from '../base/range-deletions.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { Ledger } from '../storage/ledger.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { collectEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import { entriesArbitrary, hex } from '../testing/oracles/cursor-walk.ts'
import {
  hasRocksdbTools,
  runTool,
  SOUND,
  scanLines,
  scanTableFile,
  temporaryFolder,
  verifyTableFile,
} from '../testing/rocksdb/rocksdb-tools.ts'
import { TableReader } from './table-reader.ts'
import type { TableWriterOptions } from './table-writer.ts'
import { plain, readTag, writeTable } from './testing/table-fixture.ts'

const folder = temporaryFolder('table')
const storage = new NodeStorage(new Ledger())

let tables = 0

/** The table's range deletions, as sst_dump prints them. */
function dumpedRanges(path: string): readonly string[] {
  runTool('sst_dump', [`--file=${path}`, '--command=raw'])
  const dump = readFileSync(path.replace(/\.sst$/, '_dump.txt'), 'latin1')
  const part = dump.split('Range deletions:\n')[1]?.split('\n\n')[0] ?? ''
  return part.split('\n').flatMap((line) => /^ {2}HEX {4}(.*)$/.exec(line)?.[1] ?? [])
}

function rangeLines({ fragments }: RangeDeletions): readonly string[] {
  return fragments.flatMap(({ from, to, seqs }) =>
    seqs.map(() => `${hex(from)}: ${hex(to)}`.toUpperCase()),
  )
}

function write(entries: readonly Entry[], options: TableWriterOptions): string {
  const path = join(folder, `${++tables}.sst`)
  writeTable(storage, path, entries, options)
  return path
}

function someEntries(count: number): Entry[] {
  const random = createRandom(7)
  return Array.from({ length: count }, (_, index) => ({
    key: new TextEncoder().encode(`user${String(index).padStart(12, '0')}`),
    seq: count - index,
    kind: index % 9 === 0 ? ENTRY_KIND.deletion : ENTRY_KIND.value,
    value: new Uint8Array(index % 9 === 0 ? 0 : 100).map(() => random.nextBelow(4)),
  }))
}

const compressions = ['none', 'lz4', 'zstd'] as const

describe.skipIf(!hasRocksdbTools('sst_dump'))('sst_dump', () => {
  test.each([0, 300])('lists the range deletions of a table with %i keys', (count) => {
    const entries = someEntries(count)
    const key = (text: string) => new TextEncoder().encode(text)
    const deletions = [
      { from: key('a'), to: key('user000000000100'), seq: 9 },
      { from: key('user0'), to: key('user000000000200'), seq: 12 },
      { from: key('x'), to: key('z'), seq: 7 },
    ]
    const path = join(folder, `${++tables}.sst`)
    writeTable(storage, path, entries, plain, deletions)
    expect(verifyTableFile(path)).toEqual(SOUND)
    expect(scanTableFile(path).filter((line) => !line.includes('type:15'))).toEqual(
      scanLines(entries),
    )
    const reader = TableReader.open(storage.open(path, readTag), 1, new BlockCache(1 << 20))
    expect(rangeLines(reader.rangeDeletions!).length).toBe(5)
    expect(dumpedRanges(path)).toEqual(rangeLines(reader.rangeDeletions!))
    reader.close()
  })

  test.each(compressions)(
    'accepts a table with compression %s and reads equal entries',
    (compression) => {
      const entries = someEntries(3000)
      const path = write(entries, { ...plain, compression })
      expect(verifyTableFile(path)).toEqual(SOUND)
      expect(scanTableFile(path)).toEqual(scanLines(entries))
    },
  )

  test('reads any entries as we wrote them', () => {
    const options = fc.record({
      blockBytes: fc.constantFrom(1, 100, 4096),
      restartInterval: fc.constantFrom(1, 3, 16),
      compression: fc.constantFrom(...compressions),
      bitsPerKey: fc.constantFrom(0, 10),
    })
    fc.assert(
      fc.property(entriesArbitrary, options, (entries, writerOptions) => {
        fc.pre(entries.length > 0)
        const path = write(entries, writerOptions)
        expect(verifyTableFile(path)).toEqual(SOUND)
        expect(scanTableFile(path)).toEqual(scanLines(entries))
      }),
      { numRuns: 15 },
    )
  })

  test('detects a flipped bit at any place', () => {
    const path = write(someEntries(200), plain)
    const bytes = readFileSync(path)
    for (const at of [100, bytes.length >> 1, bytes.length - 400, bytes.length - 60]) {
      bytes[at]! ^= 1
      writeFileSync(path, bytes)
      expect(verifyTableFile(path), `a flip at ${at}`).not.toEqual(SOUND)
      bytes[at]! ^= 1
    }
  })

  test('shows the properties under their names', () => {
    const path = write(someEntries(900), plain)
    const { output } = runTool('sst_dump', [`--file=${path}`, '--show_properties'])
    expect(output).toContain('# entries: 900')
    expect(output).toContain('# deletions: 100')
    expect(output).toContain('raw key size: 21600')
    expect(output).toContain('raw value size: 80000')
    expect(output).toContain('comparator name: leveldb.BytewiseComparator')
  })
})

describe.skipIf(!hasRocksdbTools('db_bench', 'sst_dump'))('a table of RocksDB', () => {
  /** The tables of a database that db_bench wrote. */
  function fill(name: string, ...options: readonly string[]): readonly string[] {
    const db = join(folder, name)
    const { complaints } = runTool('db_bench', [
      `--db=${db}`,
      '--benchmarks=fillrandom,overwrite,flush',
      '--num=3000',
      '--seed=1',
      '--bloom_bits=10',
      '--checksum_type=1',
      '--compression_type=none',
      ...options,
    ])
    const tables = readdirSync(db).filter((file) => file.endsWith('.sst'))
    expect(tables.length, complaints).toBeGreaterThan(0)
    return tables.map((table) => join(db, table))
  }

  function open(path: string): TableReader {
    return TableReader.open(storage.open(path, readTag), 1, new BlockCache(1 << 20))
  }

  test.each([
    ['none', 2],
    ['none', 3],
    ['none', 4],
    ['none', 5],
    ['lz4', 5],
    ['zstd', 5],
  ])('with compression %s and format version %i is read equally', (compression, version) => {
    const [path = ''] = fill(
      `${compression}-${version}`,
      `--compression_type=${compression}`,
      `--format_version=${version}`,
    )
    const reader = open(path)
    const counters = new ReadCounters()
    const cursor = reader.cursor({ file: reader.file, counters, fillCache: true })
    const entries = collectEntries(cursor)
    expect(scanLines(entries)).toEqual(scanTableFile(path))
    expect(reader.properties.entries).toBe(entries.length)
    expect(entries.length).toBeGreaterThan(1000)
    for (const { key, seq, kind } of entries) {
      const lookup = new Lookup()
      expect(reader.get(key, seq, lookup, counters)).toBe(true)
      expect(lookup).toMatchObject({ seq, kind })
      expect(reader.get(Uint8Array.of(...key, 0), SEQ_NUM_MAX, lookup, counters)).toBe(false)
    }
    reader.close()
  })

  test('is read equally also after RocksDB compacted it', () => {
    const small = ['--write_buffer_size=65536', '--target_file_size_base=32768', '--num=4000']
    const paths = fill('compacted', ...small, '--benchmarks=fillrandom,overwrite,compact')
    expect(paths.length).toBeGreaterThan(5)
    for (const path of paths) {
      const reader = open(path)
      const counters = new ReadCounters()
      const entries = collectEntries(
        reader.cursor({ file: reader.file, counters, fillCache: true }),
      )
      expect(scanLines(entries)).toEqual(scanTableFile(path))
      reader.close()
    }
  })

  test('with range deletions is read, and counts them as we do', () => {
    const tombstones = ['--writes_per_range_tombstone=100', '--max_num_range_tombstones=10']
    const [path = ''] = fill('ranges', ...tombstones)
    const { rangeDeletions, properties } = open(path)
    const lines = rangeLines(rangeDeletions!)
    expect(lines).toEqual(dumpedRanges(path))
    expect(properties.rangeDeletions).toBe(lines.length)
    expect(lines.length).toBeGreaterThan(10)
    expect(open(fill('none')[0]!).rangeDeletions).toBeNull()
  })

  test.each([
    ['--checksum_type=4', 'checksum XXH3 is not supported'],
    ['--partition_index=true', 'index type two-level is not supported'],
  ])('made with %s is refused, and the message names it', (option, message) => {
    expect(() => open(fill(message, option)[0]!)).toThrow(message)
  })
})
