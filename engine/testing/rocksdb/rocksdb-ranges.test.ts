// Tables that RocksDB wrote with range deletions, read by our cursors and gets. RocksDB's own scan
// is the oracle.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../../base/internal-key.ts'
import { Lookup } from '../../base/lookup.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { MergingCursor } from '../../iterators/merging-cursor.ts'
import { MemTableDeletions } from '../../iterators/source-deletions.ts'
import { UndeletedCursor } from '../../iterators/undeleted-cursor.ts'
import { VisibleCursor } from '../../iterators/visible-cursor.ts'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { TableReader } from '../../table/table-reader.ts'
import { hex } from '../oracles/cursor-walk.ts'
import { hasRocksdbTools, runTool, temporaryFolder } from './rocksdb-tools.ts'

const present = hasRocksdbTools('ldb', 'db_bench')

/** The tables of a folder of level 0 with range deletions, newest first. */
function tablesOfRocksdb(folder: string): readonly TableReader[] {
  runTool('db_bench', [
    `--db=${folder}`,
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
  ])
  const storage = new NodeStorage(new Ledger())
  const cache = new BlockCache(1 << 20)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sst'))
    .sort()
    .reverse()
    .map((name, id) =>
      TableReader.open(storage.open(join(folder, name), { cause: 'get', level: 0 }), id, cache),
    )
}

test.skipIf(!present)('our cursors and gets read them as RocksDB does', { timeout: 60_000 }, () => {
  const folder = join(temporaryFolder('ranges'), 'db')
  const tables = tablesOfRocksdb(folder)
  expect(tables.filter(({ rangeDeletions }) => rangeDeletions !== null).length).toBeGreaterThan(2)
  const scan = runTool('ldb', [`--db=${folder}`, 'scan', '--hex']).output
  const expected = scan.split('\n').filter((line) => line !== '')
  expect(expected.length).toBeGreaterThan(500)

  const counters = new ReadCounters()
  const children = tables.map((reader) =>
    reader.cursor({ file: reader.file, counters, fillCache: true }),
  )
  const deletions = tables.map(
    ({ rangeDeletions }) => rangeDeletions && new MemTableDeletions(rangeDeletions),
  )
  const undeleted = new UndeletedCursor(new MergingCursor(children), deletions, SEQ_NUM_MAX)
  const cursor = new VisibleCursor(undeleted, { seq: SEQ_NUM_MAX })
  const live = new Set<string>()
  const lines: string[] = []
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
    const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = cursor
    const key = keyBytes.slice(keyStart, keyStart + keyLength)
    const value = valueBytes.slice(valueStart, valueStart + valueLength)
    live.add(hex(key))
    lines.push(`0x${hex(key).toUpperCase()} : 0x${hex(value).toUpperCase()}`)
  }
  expect(lines).toEqual(expected)

  const lookup = new Lookup()
  for (let n = 0; n < 4000; n++) {
    // The keys of db_bench: 8 bytes, big-endian, then '0's.
    const key = new Uint8Array(16).fill(0x30)
    new DataView(key.buffer).setBigUint64(0, BigInt(n))
    const isFound = tables.some((reader) => reader.get(key, SEQ_NUM_MAX, lookup, counters))
    expect(isFound && lookup.kind !== ENTRY_KIND.deletion).toBe(live.has(hex(key)))
  }
  for (const reader of tables) reader.close()
})
