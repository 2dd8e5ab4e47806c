/**
 * Owns the micro-benchmarks of merges: sorted runs of one table each become one run. Entries are
 * those of `bench-entries.ts`, each in one run at random. Files are in memory, so that no figure
 * depends on a disk. A million entries a second are 116 MB/s.
 */

import { CursorFields } from '../../engine/base/internal-cursor.ts'
import { createRandom } from '../../engine/base/random.ts'
import { ReadCounters } from '../../engine/base/read-counters.ts'
import { BlockCache } from '../../engine/cache/block-cache.ts'
import { writeSurvivors } from '../../engine/compaction/merge-rules.ts'
import { TableOutputs } from '../../engine/compaction/table-outputs.ts'
import { MergingCursor } from '../../engine/iterators/merging-cursor.ts'
import { RunCursor } from '../../engine/iterators/run-cursor.ts'
import { Ledger } from '../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../engine/storage/memory-storage.ts'
import type { Compression } from '../../engine/table/compression.ts'
import { ReadAhead } from '../../engine/table/table-cursor.ts'
import { TableReader } from '../../engine/table/table-reader.ts'
import { TableWriter } from '../../engine/table/table-writer.ts'
import { runOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import type { BenchCase } from './bench-case.ts'
import { createValues, KEY_BYTES, VALUE_BYTES, writeNumber } from './bench-entries.ts'

const ENTRIES = 400_000
const TABLE_BYTES = 4 * 1024 * 1024
const READ_AHEAD_BYTES = 256 * 1024
const BITS_PER_KEY = 10
const ANCESTRY = { createdAtMs: 0, oldestWriteAtMs: 0, oldestTombstoneAtMs: null }

/** Tables in memory. */
class Folder {
  readonly storage = new MemoryStorage(new Ledger())
  readonly #compression: Compression
  #tables = 0

  constructor(compression: Compression) {
    this.#compression = compression
  }

  create() {
    const id = ++this.#tables
    const file = this.storage.create(`${id}`, { cause: 'compaction', level: 1 })
    const options = { compression: this.#compression, bitsPerKey: BITS_PER_KEY }
    return { id, file, writer: new TableWriter(file, options) }
  }

  open(id: number): TableReader {
    const file = this.storage.open(`${id}`, { cause: 'compaction', level: 0 })
    return TableReader.open(file, id, new BlockCache(0))
  }
}

/** Writes `runs` tables. Each entry goes to one of them at random. */
function writeRuns(folder: Folder, runs: number): readonly TableMeta[] {
  const random = createRandom(2)
  const values = createValues()
  const outputs = Array.from({ length: runs }, () => folder.create())
  const entry = new CursorFields()
  entry.keyBytes = new Uint8Array(KEY_BYTES)
  entry.keyLength = KEY_BYTES
  entry.valueBytes = values
  entry.valueLength = VALUE_BYTES
  const count = Math.floor(values.length / VALUE_BYTES)
  for (let index = 0; index < ENTRIES; index++) {
    writeNumber(entry.keyBytes, 0, index)
    entry.seq = index + 1
    entry.valueStart = (index % count) * VALUE_BYTES
    outputs[random.nextBelow(runs)]!.writer.add(entry)
  }
  return outputs.map(({ id, file, writer }) => {
    const table = { ...writer.finish(), ...ANCESTRY, id, vlogBytes: [] }
    file.close()
    return table
  })
}

function merge(folder: Folder, readers: readonly (readonly [TableMeta, TableReader])[]): void {
  const cursors = readers.map(([table, reader]) => {
    const readAhead = new ReadAhead(READ_AHEAD_BYTES)
    const counters = new ReadCounters()
    const open = () => reader.cursor({ file: reader.file, counters, fillCache: false, readAhead })
    return new RunCursor(runOf(0, [table]), open)
  })
  const destination = {
    level: 1,
    fromKey: null,
    targetTableBytes: TABLE_BYTES,
    cutKeys: [],
    softCuts: null,
    bitsPerKey: BITS_PER_KEY,
    olderRanges: [],
  }
  const outputs = new TableOutputs([destination], 'compaction', () => folder.create(), ANCESTRY)
  writeSurvivors(new MergingCursor(cursors), [], outputs)
  for (const { table } of outputs.finish()) folder.storage.remove(`${table.id}`)
}

function merging(runs: number, compression: Compression): BenchCase {
  return {
    name: `merge of ${runs} runs, ${compression}`,
    unit: 'entries',
    opsPerIteration: ENTRIES,
    referenceOpsPerSecond: null,
    setup() {
      const folder = new Folder(compression)
      const tables = writeRuns(folder, runs)
      const readers = tables.map((table) => [table, folder.open(table.id)] as const)
      return () => merge(folder, readers)
    },
  }
}

export const cases: readonly BenchCase[] = [
  merging(2, 'none'),
  merging(4, 'none'),
  merging(8, 'none'),
  merging(2, 'lz4'),
  merging(8, 'lz4'),
]
