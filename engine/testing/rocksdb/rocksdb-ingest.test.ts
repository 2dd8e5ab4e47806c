// Tables that RocksDB wrote, ingested here, and read again by RocksDB.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Database } from '../../db/database.ts'
import { exportDatabase } from '../../db/offline/export.ts'
import { verifyDatabase } from '../../db/offline/verify.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { metaBlocksOf } from '../external-tables.ts'
import { bytes, never, text } from '../fixtures.ts'
import {
  copyOf,
  getAll,
  hasRocksdbTools,
  ldb,
  runTool,
  scanFolder,
  temporaryFolder,
} from './rocksdb-tools.ts'

const present = hasRocksdbTools('ldb', 'db_bench')
const top = temporaryFolder('ingest')

/** A folder of RocksDB whose options ask for CRC32C; `ldb` has no flag for the checksum. */
function folderWithCrc32c(name: string): string {
  const folder = join(top, name)
  mkdirSync(folder)
  ldb(folder, '--create_if_missing', 'put', 'unused', 'unused')
  const options = join(
    folder,
    readdirSync(folder)
      .filter((file) => file.startsWith('OPTIONS'))
      .sort()
      .at(-1)!,
  )
  const stored = readFileSync(options, 'utf8')
  expect(stored).toContain('checksum=kXXH3')
  writeFileSync(options, stored.replace('checksum=kXXH3', 'checksum=kCRC32c'))
  return folder
}

/** What `SstFileWriter` writes for the entries. */
function externalTable(
  folder: string,
  entries: ReadonlyMap<string, string>,
  compression: string,
): string {
  const path = join(top, `${compression}-${entries.size}.sst`)
  const lines = Array.from(entries, ([key, value]) => `${key} ==> ${value}\n`).join('')
  const args = [`--db=${folder}`, `--compression_type=${compression}`, 'write_extern_sst', path]
  const { output, complaints } = runTool('ldb', args, lines)
  expect(output + complaints).toContain('external SST file written')
  return path
}

function entriesOf(from: number, count: number, value: string): ReadonlyMap<string, string> {
  const pairs = Array.from({ length: count }, (_, n): [string, string] => [
    `key${String(from + n).padStart(6, '0')}`,
    value.repeat(1 + (n % 9)) + n,
  ])
  return new Map(pairs)
}

function open(name: string): Database {
  return Database.open({
    folder: join(top, name),
    strategy: never,
    options: { blockBytes: 1024, valueLog: { thresholdBytes: 64 } },
  })
}

const contentOf = (db: Database) => new Map(Array.from(db.scan(), ([k, v]) => [text(k), text(v)]))

test.skipIf(!present)('tables of SstFileWriter are ingested, and RocksDB reads the result', () => {
  const source = folderWithCrc32c('source')
  const db = open('db')
  const expected = new Map<string, string>()
  for (const [key, value] of entriesOf(900, 300, 'before')) {
    void db.put(bytes(key), bytes(value))
    expected.set(key, value)
  }
  const first = entriesOf(0, 1000, 'none')
  const second = entriesOf(1000, 1001, 'lz4 and some more text')
  const [none, lz4] = [externalTable(source, first, 'no'), externalTable(source, second, 'lz4')]
  expect(db.ingest([lz4, none])).toMatchObject({ tables: 2, entries: 2001, seq: 301 })
  for (const [key, value] of [...first, ...second]) expected.set(key, value)
  const third = entriesOf(500, 700, 'zstd')
  expect(db.ingest([externalTable(source, third, 'zstd')])).toMatchObject({ seq: 302 })
  for (const [key, value] of third) expected.set(key, value)
  const snappy = externalTable(source, entriesOf(0, 99, 'snappy'), 'snappy')
  expect(() => db.ingest([snappy])).toThrow('compression Snappy is not supported: write the table')
  expect(contentOf(db)).toEqual(expected)
  db.flush()
  db.close()
  const folder = join(top, 'db')
  expect(verifyDatabase(new NodeStorage(), folder).faults).toEqual([])
  const exported = join(top, 'exported')
  exportDatabase(new NodeStorage(), folder, exported)
  expect(scanFolder(exported)).toEqual(expected)
  expect(getAll(copyOf(exported), expected.keys())).toEqual(expected)
})

test.skipIf(!present)('tables of a folder of RocksDB, with range deletions, are ingested', () => {
  const source = join(top, 'ranges')
  runTool('db_bench', [
    `--db=${source}`,
    '--benchmarks=fillrandom,flush',
    '--num=4000',
    '--value_size=20',
    '--write_buffer_size=65536',
    '--disable_auto_compactions=true',
    '--checksum_type=1',
    '--compression_type=none',
    '--writes_per_range_tombstone=60',
    '--range_tombstone_width=40',
    '--max_num_range_tombstones=1000',
    '--bloom_bits=10',
  ])
  const hex = (array: Uint8Array) => `0x${Buffer.from(array).toString('hex').toUpperCase()}`
  const lines = ldb(source, 'scan', '--hex')
    .output.split('\n')
    .filter((line) => line !== '')
  expect(lines.length).toBeGreaterThan(500)
  const db = open('from-ranges')
  const names = readdirSync(source).filter((name) => name.endsWith('.sst'))
  for (const name of names.sort()) db.ingest([join(source, name)])
  expect(names.length).toBeGreaterThan(3)
  expect(Array.from(db.scan(), ([key, value]) => `${hex(key)} : ${hex(value)}`)).toEqual(lines)

  // Nothing here uses RocksDB's filter, but it has a checksum too.
  const content = readFileSync(join(source, names[0]!))
  const [, filter] = [...metaBlocksOf(content)].find(([name]) => name.startsWith('fullfilter.'))!
  content[filter.offset + 7]! ^= 1
  writeFileSync(join(top, 'damaged.sst'), content)
  expect(() => db.ingest([join(top, 'damaged.sst')])).toThrow(
    `damaged.sst at offset ${filter.offset}: block checksum mismatch`,
  )
  db.close()
})

test('a folder is no table', () => {
  const db = open('no-table')
  expect(() => db.ingest([top])).toThrow(
    expect.objectContaining({ code: 'LSM_IO', message: expect.stringContaining(top) }),
  )
  db.close()
})
