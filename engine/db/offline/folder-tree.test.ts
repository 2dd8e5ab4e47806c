import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Ledger } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { bytes, everyNth, openTest } from '../../testing/fixtures.ts'
import { printVersion } from '../../version/text.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import { readFolderTree } from './folder-tree.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-folder-tree-'))
afterAll(() => rmSync(root, { recursive: true }))
const disk = () => new NodeStorage(new Ledger())

test('a folder of ours: the tree it was closed with, its strategy and memtable', () => {
  const { db, storage } = openTest({ strategy: everyNth(3), options: { memtableBytes: 4096 } })
  for (let index = 0; index < 40; index++) {
    const batch = new WriteBatch()
    batch.put(bytes(`key ${index}`), new Uint8Array(500))
    db.writeSync(batch)
  }
  db.flush()
  const { version } = db
  db.close()
  const tree = readFolderTree(storage, '/db')
  expect(tree).toMatchObject({ source: 'varve', memtableBytes: 4096, estimatedTables: 0 })
  expect(tree.strategy).toContain(everyNth(3).name)
  expect(printVersion(tree.version)).toBe(printVersion(version))
})

/** RocksDB's own tool, where it is installed. */
const DB_BENCH = 'db_bench'

const hasDbBench = (() => {
  try {
    execFileSync(DB_BENCH, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Written by RocksDB's own db_bench, with its default checksum. */
describe.runIf(hasDbBench)('a folder of RocksDB', () => {
  const make = (name: string) => {
    const folder = join(root, name)
    const flags = ['--benchmarks=fillrandom', '--num=20000', '--compression_type=none']
    const sizes = ['--write_buffer_size=131072', '--target_file_size_base=131072']
    const all = [`--db=${folder}`, ...flags, ...sizes, '--max_bytes_for_level_base=524288']
    execFileSync(DB_BENCH, all, { stdio: 'ignore' })
    return folder
  }

  test('level 0 as runs, newest first; deeper levels as one run; counts of the tables', () => {
    const folder = make('sound')
    const before = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])
    const { source, version, strategy, memtableBytes, estimatedTables } = readFolderTree(
      disk(),
      folder,
    )
    const after = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])
    expect(after).toEqual(before)
    expect({ source, memtableBytes, estimatedTables }).toEqual({
      source: 'rocksdb',
      memtableBytes: 131072,
      estimatedTables: 0,
    })
    expect(strategy).toMatch(/^kCompactionStyleLevel level_compaction_dynamic_level_bytes=/)
    const tables = readdirSync(folder).filter((name) => name.endsWith('.sst'))
    expect(version.totals.tables).toBe(tables.length)
    // Keys of 16 B and values of 100 B; a memtable may hold the rest of 20,000 writes.
    const { entries, rawBytes } = version.totals
    expect(rawBytes).toBe(116 * entries)
    expect(entries).toBeGreaterThan(8000)
    const [first, ...deeper] = version.levels
    const newest = first!.runs.map((run) => run.chunks[0]!.tables[0]!.seqMax)
    expect(newest).toEqual(newest.toSorted((a, b) => b - a))
    for (const { runs } of first!.runs.length === 0 ? version.levels : deeper) {
      expect(runs.length).toBeLessThanOrEqual(1)
    }
  })

  test('counts are estimated where the tables are missing', () => {
    const folder = make('bare')
    const true_ = readFolderTree(disk(), folder).version.totals
    const [kept, ...others] = readdirSync(folder).filter((name) => name.endsWith('.sst'))
    expect(kept).toBeDefined()
    for (const name of others) rmSync(join(folder, name))
    const tree = readFolderTree(disk(), folder)
    expect(tree.estimatedTables).toBe(others.length)
    expect(Math.abs(tree.version.totals.entries / true_.entries - 1)).toBeLessThan(0.05)
  })

  test('a damaged manifest is refused, with its path', () => {
    const folder = make('damaged')
    const manifest = readdirSync(folder).find((name) => name.startsWith('MANIFEST'))!
    const path = join(folder, manifest)
    const bytes = readFileSync(path)
    bytes[300]! ^= 1
    writeFileSync(path, bytes)
    expect(() => readFolderTree(disk(), folder)).toThrow(manifest)
  })
})
