/**
 * Has RocksDB's own tools judge our tables, and reads tables RocksDB wrote. Debian has the tools in
 * `rocksdb-tools`; without them these tests are skipped, and say so.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { createRandom } from '../base/random.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { Ledger } from '../storage/ledger.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import { collectEntries, compareEntries, type Entry } from '../testing/array-cursor.ts'
import { entriesArbitrary, hex } from '../testing/cursor-walk.ts'
import { TableReader } from './table-reader.ts'
import type { TableWriterOptions } from './table-writer.ts'
import { plain, readTag, writeTable } from './testing/table-fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-table-'))
afterAll(() => rmSync(folder, { recursive: true }))
const storage = new NodeStorage(new Ledger())

function isInstalled(tool: string): boolean {
  const isThere = spawnSync(tool, ['--version']).error === undefined
  if (!isThere) console.warn(`SKIPPED: ${tool} is not installed, so RocksDB judges nothing here`)
  return isThere
}

interface Verdict {
  readonly isOk: boolean
  readonly complaints: string
  readonly output: string
}

/** The exit code is 0 on corruption too: the verdict is in the words. */
function sstDump(path: string, ...options: readonly string[]): Verdict {
  const { stdout, stderr } = spawnSync('sst_dump', [`--file=${path}`, ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  return { isOk: stdout.includes('The file is ok'), complaints: stderr, output: stdout }
}

function verify(path: string): Verdict {
  return sstDump(path, '--command=verify', '--verify_checksum')
}

/** One line an entry, as sst_dump prints them. */
function scan(path: string): readonly string[] {
  const { output } = sstDump(path, '--command=scan', '--output_hex')
  return output.split('\n').filter((line) => line.startsWith("'"))
}

function showAsScan({ key, seq, kind, value }: Entry): string {
  return `'${hex(key).toUpperCase()}' seq:${seq}, type:${kind} => ${hex(value).toUpperCase()}`
}

let tables = 0

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

describe.skipIf(!isInstalled('sst_dump'))('sst_dump', () => {
  test.each(compressions)('finds a table with compression %s ok and equal', (compression) => {
    const entries = someEntries(3000)
    const path = write(entries, { ...plain, compression })
    expect(verify(path)).toMatchObject({ isOk: true, complaints: '' })
    expect(scan(path)).toEqual(entries.map(showAsScan))
  })

  test('agrees on any entries', () => {
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
        expect(verify(path)).toMatchObject({ isOk: true, complaints: '' })
        expect(scan(path)).toEqual(entries.toSorted(compareEntries).map(showAsScan))
      }),
      { numRuns: 15 },
    )
  })

  test('sees a planted flip, wherever it lies', () => {
    const path = write(someEntries(200), plain)
    const bytes = readFileSync(path)
    for (const at of [100, bytes.length >> 1, bytes.length - 400, bytes.length - 60]) {
      bytes[at]! ^= 1
      writeFileSync(path, bytes)
      const { isOk, complaints } = verify(path)
      expect({ at, isSeen: !isOk || complaints !== '' }).toEqual({ at, isSeen: true })
      bytes[at]! ^= 1
    }
  })

  test('shows the properties by their names', () => {
    const { output } = sstDump(write(someEntries(900), plain), '--show_properties')
    expect(output).toContain('# entries: 900')
    expect(output).toContain('# deletions: 100')
    expect(output).toContain('raw key size: 21600')
    expect(output).toContain('raw value size: 80000')
    expect(output).toContain('comparator name: leveldb.BytewiseComparator')
  })
})

describe.skipIf(!isInstalled('db_bench') || !isInstalled('sst_dump'))('a table of RocksDB', () => {
  function fill(name: string, ...options: readonly string[]): string {
    const db = join(folder, name)
    const { status, stderr } = spawnSync('db_bench', [
      `--db=${db}`,
      '--benchmarks=fillrandom,overwrite,flush',
      '--num=3000',
      '--seed=1',
      '--bloom_bits=10',
      '--checksum_type=1',
      '--compression_type=none',
      ...options,
    ])
    expect(status, stderr.toString()).toBe(0)
    const table = readdirSync(db).find((file) => file.endsWith('.sst'))
    return join(db, table!)
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
  ])('with compression %s and format version %i reads equal', (compression, version) => {
    const path = fill(
      `${compression}-${version}`,
      `--compression_type=${compression}`,
      `--format_version=${version}`,
    )
    const reader = open(path)
    const counters = new ReadCounters()
    const cursor = reader.cursor({ file: reader.file, counters, fillCache: true })
    const entries = collectEntries(cursor)
    expect(entries.map(showAsScan)).toEqual(scan(path))
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

  test('with range deletions says that it has them', () => {
    const tombstones = ['--writes_per_range_tombstone=100', '--max_num_range_tombstones=10']
    const reader = open(fill('ranges', ...tombstones))
    expect(reader.hasRangeDeletions).toBe(true)
    expect(reader.properties.rangeDeletions).toBeGreaterThan(0)
    expect(open(fill('none')).hasRangeDeletions).toBe(false)
  })

  test.each([
    ['--checksum_type=4', 'checksum XXH3 is not supported'],
    ['--partition_index=true', 'index type two-level is not supported'],
  ])('made with %s is refused by name', (option, message) => {
    expect(() => open(fill(message, option))).toThrow(message)
  })
})
