/**
 * Owns one operation stream applied to the engine and to the exact simulator, and what the two made
 * of it: their version edits, in an order and form in which they can be compared.
 */

import { ManualClock } from '../../../engine/base/clock.ts'
import type { CompactionStrategy } from '../../../engine/compaction/strategy.ts'
import { Database } from '../../../engine/db/database.ts'
import { parseEngineOptions } from '../../../engine/db/options.ts'
import { parseName } from '../../../engine/manifest/file-names.ts'
import { decodeVersionEdit } from '../../../engine/manifest/version-edit-codec.ts'
import { Ledger } from '../../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../../engine/storage/memory-storage.ts'
import type { TableMeta } from '../../../engine/version/table-meta.ts'
import type { TablePlacement, VersionEdit } from '../../../engine/version/version-edit.ts'
import { LogReader } from '../../../engine/wal/log-reader.ts'
import { WriteBatch } from '../../../engine/wal/write-batch.ts'
import { ExactSimulator } from '../exact-simulator.ts'

/** A put of so many bytes, or a deletion. The key is borrowed. */
export interface Write {
  readonly key: Uint8Array
  readonly valueLength: number | null
}

export interface ComparedEdit {
  readonly newRuns: VersionEdit['newRuns']
  readonly removed: readonly { readonly level: number; readonly id: number }[]
  readonly added: readonly TablePlacement[]
}

export interface Outcome {
  readonly edits: readonly ComparedEdit[]
  readonly userBytes: number
  /** Raw bytes of tables flushed and merged. */
  readonly writtenRawBytes: number
}

export interface Setup {
  readonly strategy: CompactionStrategy
  readonly memtableBytes: number
  readonly blockBytes?: number
  readonly blockRestartInterval?: number
}

/** 2026-01-01; each write takes a millisecond. */
const START_MS = Date.UTC(2026, 0, 1)
const FOLDER = '/db'

export function runEngine(setup: Setup, writes: Iterable<Write>): Outcome {
  const storage = new MemoryStorage(new Ledger())
  const clock = new ManualClock(START_MS)
  const { strategy, ...options } = setup
  // A manifest that rolls would take file numbers of its own.
  const engine = { ...options, compression: 'none', manifestRollBytes: 2 ** 30 } as const
  const database = Database.open({ storage, folder: FOLDER, strategy, options: engine, clock })
  const batch = new WriteBatch()
  for (const { key, valueLength } of writes) {
    clock.advance(1)
    batch.clear()
    if (valueLength === null) batch.delete(key)
    else batch.put(key, new Uint8Array(valueLength))
    database.writeSync(batch)
  }
  database.flush()
  const { userBytes, rawBytesFlushed, rawBytesMergedByLevel } = database.metrics()
  database.close()
  const merged = rawBytesMergedByLevel.reduce((sum, bytes) => sum + bytes, 0)
  return { edits: manifestEdits(storage), userBytes, writtenRawBytes: rawBytesFlushed + merged }
}

export function runSimulator(setup: Setup, writes: Iterable<Write>): Outcome {
  const { strategy, ...options } = setup
  const { memtableBytes, blockBytes, blockRestartInterval } = parseEngineOptions(options)
  const clock = new ManualClock(START_MS)
  const edits: ComparedEdit[] = []
  const simulator = new ExactSimulator({
    strategy,
    memtableBytes,
    blocks: { blockBytes, restartInterval: blockRestartInterval },
    clock,
    onEvent: ({ edit }) => edits.push(...comparable(edit)),
  })
  for (const { key, valueLength } of writes) {
    clock.advance(1)
    if (valueLength === null) simulator.delete(key)
    else simulator.put(key, valueLength)
  }
  simulator.flush()
  const { flushedRawBytes, mergedRawBytesByLevel } = simulator.tree
  const merged = mergedRawBytesByLevel.reduce((sum, bytes) => sum + bytes, 0)
  return { edits, userBytes: simulator.userBytes, writtenRawBytes: flushedRawBytes + merged }
}

/** Every edit of the one manifest that changed the tree. */
function manifestEdits(storage: MemoryStorage): readonly ComparedEdit[] {
  const name = storage.list(FOLDER).find((file) => parseName(file)?.kind === 'manifest')!
  const bytes = storage.readAll(`${FOLDER}/${name}`, { cause: 'recovery', level: -1 })
  const reader = new LogReader(bytes, name)
  const edits: ComparedEdit[] = []
  while (reader.next()) {
    const { newRuns, removed, added } = decodeVersionEdit(reader.record, name)
    if (added.length + removed.length > 0) edits.push({ newRuns, removed, added })
  }
  return edits
}

function comparable({ newRuns, removed, added }: VersionEdit): readonly ComparedEdit[] {
  if (added.length + removed.length === 0) return []
  return [
    {
      newRuns,
      removed: removed.map(({ level, table }) => ({ level, id: table.id })),
      added: added.map(({ level, run, table }) => ({ level, run, table: metaOf(table) })),
    },
  ]
}

/** What the engine keeps of a table, without what the simulator adds. */
function metaOf(table: TableMeta): TableMeta {
  const { content: _, dataBytes: __, ...meta } = table as TableMeta & Record<string, unknown>
  return meta as unknown as TableMeta
}

export function writeAmplification({ userBytes, writtenRawBytes }: Outcome): number {
  return writtenRawBytes / userBytes
}
