/**
 * Owns applying one operation stream to the engine and to the exact simulator. It returns the
 * version edits of both in a form in which they can be compared.
 */

import { isDeepStrictEqual } from 'node:util'
import { ManualClock } from '../../../engine/base/clock.ts'
import { createRandom } from '../../../engine/base/random.ts'
import type { CompactionStrategy } from '../../../engine/compaction/strategy.ts'
import { Database } from '../../../engine/db/database.ts'
import { parseEngineOptions } from '../../../engine/db/options.ts'
import { parseName } from '../../../engine/manifest/file-names.ts'
import { decodeVersionEdit } from '../../../engine/manifest/version-edit-codec.ts'
import type { JobOrder, JobOutcome } from '../../../engine/scheduling/job-order.ts'
import { runJob } from '../../../engine/scheduling/run-job.ts'
import { SeededExecutor } from '../../../engine/scheduling/virtual/seeded-executor.ts'
import { Ledger, sumCells } from '../../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../../engine/storage/memory-storage.ts'
import type { TableMeta } from '../../../engine/version/table-meta.ts'
import type { TablePlacement, VersionEdit } from '../../../engine/version/version-edit.ts'
import { LogReader } from '../../../engine/wal/log-reader.ts'
import { WriteBatch } from '../../../engine/wal/write-batch.ts'
import { ExactSimulator } from '../exact-simulator.ts'
import type { SimulatedOrder, SimulatedOutcome } from '../simulated-job.ts'

/** A put with the length of its value, or a delete. The key is borrowed. */
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
  /** Bytes of the table files; for the engine, those that its ledger counted. */
  readonly writtenTableBytes: number
}

export interface Setup {
  readonly strategy: CompactionStrategy
  readonly memtableBytes: number
  readonly blockBytes?: number
  readonly blockRestartInterval?: number
  readonly retentionMaxAgeMs?: number
  readonly retentionMaxBytes?: number
  /** Jobs run in an order that a seed draws; at once if missing. */
  readonly interleaved?: {
    readonly seed: number
    readonly memtablesMax: number
    readonly backgroundJobs: number
  }
}

/** The engine or the simulator, which takes a stream write by write. */
export interface Side {
  write(write: Write): void
  /** Flushes, compacts to rest, and returns the outcome. Must be the last call. */
  finish(): Outcome
}

/** 2026-01-01; each write takes a millisecond. */
const START_MS = Date.UTC(2026, 0, 1)
const FOLDER = '/db'
/** A memtable is full after about twice as many, so some wait for their flush. */
const WRITES_PER_TURN = 20

export function engineSide(setup: Setup): Side {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  const clock = new ManualClock(START_MS)
  const { strategy, interleaved, ...options } = setup
  let executor: SeededExecutor<JobOrder, JobOutcome> | null = null
  let writes = 0
  const database = Database.open({
    storage,
    folder: FOLDER,
    strategy,
    clock,
    options: {
      ...options,
      compression: 'none',
      // A manifest that rolls would take file numbers.
      manifestRollBytes: 2 ** 30,
      ...(interleaved === undefined ? {} : pressureOf(interleaved)),
    },
    scheduling:
      interleaved === undefined
        ? 'inline'
        : ({ room, workers }) => {
            executor = new SeededExecutor(
              (order) => runJob(order, room),
              createRandom(interleaved.seed),
              workers,
            )
            return executor
          },
  })
  const batch = new WriteBatch()
  let values = new Uint8Array(4096)
  return {
    write: ({ key, valueLength }) => {
      clock.advance(1)
      batch.clear()
      if (valueLength === null) batch.delete(key)
      else {
        if (valueLength > values.length) values = new Uint8Array(2 * valueLength)
        batch.put(key, values.subarray(0, valueLength))
      }
      database.writeSync(batch)
      if (++writes % WRITES_PER_TURN === 0) executor?.turn()
    },
    finish: () => {
      database.flush()
      const { userBytes, rawBytesFlushed, rawBytesMergedByLevel } = database.metrics()
      database.close()
      const written = { cause: ['flush', 'compaction'], direction: 'write' } as const
      return {
        edits: manifestEdits(storage),
        userBytes,
        writtenRawBytes: rawBytesFlushed + total(rawBytesMergedByLevel),
        writtenTableBytes: sumCells(ledger.cells(), written).bytes,
      }
    },
  }
}

/** Only full memtables stop writers: the simulator knows no other stops. */
function pressureOf({ memtablesMax, backgroundJobs }: NonNullable<Setup['interleaved']>) {
  const bytes = Number.MAX_SAFE_INTEGER
  return { memtablesMax, backgroundJobs, softDebtBytes: bytes - 1, hardDebtBytes: bytes }
}

export function simulatorSide(setup: Setup): Side {
  const { strategy, interleaved, ...given } = setup
  const options = parseEngineOptions(given)
  const { memtableBytes, blockBytes, blockRestartInterval: restartInterval } = options
  const { retentionMaxAgeMs: maxAgeMs, retentionMaxBytes: maxBytes } = options
  const clock = new ManualClock(START_MS)
  const edits: ComparedEdit[] = []
  let writtenTableBytes = 0
  let writes = 0
  const executor =
    interleaved === undefined
      ? null
      : new SeededExecutor<SimulatedOrder, SimulatedOutcome>(
          ({ run }) => run(),
          createRandom(interleaved.seed),
          interleaved.backgroundJobs,
        )
  const simulator = new ExactSimulator({
    strategy,
    ...(interleaved === undefined || executor === null
      ? {}
      : {
          executor,
          memtablesMax: interleaved.memtablesMax,
          compactionsMax: interleaved.backgroundJobs,
        }),
    memtableBytes,
    clock,
    blocks: { blockBytes, restartInterval },
    retention: { maxAgeMs, maxBytes },
    onEvent: ({ kind, edit }) => {
      edits.push(...comparable(edit))
      if (kind === 'flush' || kind === 'merge') {
        writtenTableBytes += total(edit.added.map(({ table }) => table.bytes))
      }
    },
  })
  return {
    write: ({ key, valueLength }) => {
      clock.advance(1)
      if (valueLength === null) simulator.delete(key)
      else simulator.put(key, valueLength)
      if (++writes % WRITES_PER_TURN === 0) executor?.turn()
    },
    finish: () => {
      simulator.flush()
      const { flushedRawBytes, mergedRawBytesByLevel } = simulator.tree
      const writtenRawBytes = flushedRawBytes + total(mergedRawBytesByLevel)
      return { edits, userBytes: simulator.userBytes, writtenRawBytes, writtenTableBytes }
    },
  }
}

/** Number of leading edits that are equal: runs, tables, ids, sizes, key ranges, seqs. */
export function editsAlike(one: Outcome, other: Outcome): number {
  const differs = (edit: ComparedEdit, index: number) =>
    !isDeepStrictEqual(edit, other.edits[index])
  const first = one.edits.findIndex(differs)
  return first === -1 ? one.edits.length : first
}

/** Every edit of the manifest that changed the tree. */
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

/** The engine's metadata of a table, without what the simulator adds. */
function metaOf(table: TableMeta): TableMeta {
  const { content: _, dataBytes: __, ...meta } = table as TableMeta & Record<string, unknown>
  return meta as unknown as TableMeta
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
