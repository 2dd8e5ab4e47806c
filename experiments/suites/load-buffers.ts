/**
 * Owns one load of the engine with whole buffers of unique keys. Every flush has exactly the
 * memtable's size, so flushes and merges must write whole buffers.
 *
 * It uses the database instead of a target, because the papers' convention needs the table ids of
 * the event log.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../../engine/base/assert.ts'
import {
  type CompactionStrategy,
  Database,
  type DatabaseEvent,
  type JobEvent,
  Ledger,
  type LedgerCell,
  ManualClock,
  MemoryStorage,
  NodeStorage,
  type Storage,
  sumCells,
  WriteBatch,
} from '../../engine/index.ts'
import { tablesOf } from '../../strategies/index.ts'
import { digestOf } from '../base/digest.ts'
import { Interrupted } from '../base/interrupted.ts'
import { sum } from '../measure/figures.ts'

export interface BufferLoad {
  readonly strategy: CompactionStrategy
  readonly buffers: number
  readonly memtableBytes: number
  /** Raw bytes of an entry. The memtable holds a whole number of batches of such entries. */
  readonly entryBytes: number
  readonly keyOrder: 'hashed' | 'sequential'
  /** A new folder of the file system; null: in memory. */
  readonly folder: string | null
  readonly seed: number
  readonly signal: AbortSignal
  onProgress(buffersDone: number): void
}

/** Byte sums are raw key and value bytes. */
export interface LoadedTree {
  readonly userBytes: number
  readonly flushedRawBytes: number
  readonly mergedRawBytes: number
  /** Bytes of flushes and merges, without the flushes that the papers do not write. */
  readonly papersRawBytes: number
  /** Bytes of table files that flushes and merges wrote. */
  readonly tableBytesWritten: number
  readonly runsByLevel: readonly number[]
  /** Hash of the live tables, in the order of recency. */
  readonly tableDigest: string
  /** Hash of every flush, merge and move with its tables. */
  readonly eventDigest: string
  /** Hash of the ledger without the manifest and the options, which contain the strategy's name. */
  readonly ledgerDigest: string
}

export const KEY_BYTES = 16
const BATCH_ENTRIES = 32
/** 2026-01-01, standing still, so that no table depends on the time of its writing. */
const LOAD_TIME_MS = Date.UTC(2026, 0, 1)

export async function loadBuffers(load: BufferLoad): Promise<LoadedTree> {
  const { strategy, buffers, memtableBytes, entryBytes, seed, signal } = load
  const batchesPerBuffer = memtableBytes / entryBytes / BATCH_ENTRIES
  assert(Number.isInteger(batchesPerBuffer), 'a buffer is whole batches')
  const ledger = new Ledger()
  const storage = load.folder === null ? new MemoryStorage(ledger) : new NodeStorage(ledger)
  const folder = load.folder ?? '/database'
  const events: JobEvent[] = []
  using database = Database.open({
    storage,
    folder,
    strategy,
    options: { memtableBytes, compression: 'none', blockCacheBytes: 0 },
    clock: new ManualClock(LOAD_TIME_MS),
    seed,
    onEvent: (event: DatabaseEvent) => {
      if ('edit' in event && event.kind !== 'ingest') events.push(event)
    },
  })
  const fill = entryFiller(load)
  for (let buffer = 0; buffer < buffers; buffer++) {
    for (let batch = 0; batch < batchesPerBuffer; batch++) {
      database.writeSync(fill((buffer * batchesPerBuffer + batch) * BATCH_ENTRIES))
    }
    load.onProgress(buffer + 1)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
  database.flush()
  return readTree(database, storage, ledger.cells(), events)
}

function readTree(
  database: Database,
  storage: Storage,
  cells: readonly LedgerCell[],
  events: readonly JobEvent[],
): LoadedTree {
  const { userBytes, rawBytesFlushed, rawBytesMergedByLevel } = database.metrics()
  const written = { cause: ['flush', 'compaction'], direction: 'write' } as const
  return {
    userBytes,
    flushedRawBytes: rawBytesFlushed,
    mergedRawBytes: sum(rawBytesMergedByLevel),
    papersRawBytes: papersRawBytes(events),
    tableBytesWritten: sumCells(cells, written).bytes,
    runsByLevel: database.version.levels.map(({ runs }) => runs.length),
    tableDigest: digestOf(tablePieces(database, storage)),
    eventDigest: digestOfLines(
      events.map(({ kind, inputs, outputs }) => ({ kind, inputs, outputs })),
    ),
    ledgerDigest: digestOfLines(cells.filter(({ cause }) => !NAMING_CAUSES.includes(cause))),
  }
}

const digestOfLines = (lines: readonly object[]) =>
  digestOf(lines.map((line) => `${JSON.stringify(line)}\n`))

const NAMING_CAUSES: readonly LedgerCell['cause'][] = ['manifest', 'meta']

/**
 * The bytes that the papers would have written. They merge the buffer itself instead of flushing
 * and then merging it, so a flush does not count if a merge takes its tables before the next flush.
 */
export function papersRawBytes(
  events: readonly Pick<JobEvent, 'kind' | 'inputs' | 'outputs'>[],
): number {
  let bytes = 0
  let arrival: JobEvent['outputs'] = []
  for (const { kind, inputs, outputs } of events) {
    if (kind === 'flush') arrival = outputs
    if (kind === 'flush' || kind === 'merge') bytes += sum(outputs.map((slice) => slice.rawBytes))
    if (kind !== 'merge') continue
    const merged = new Set(inputs.flatMap((slice) => slice.tables))
    if (arrival.some((slice) => slice.tables.some((id) => merged.has(id)))) {
      bytes -= sum(arrival.map((slice) => slice.rawBytes))
      arrival = []
    }
  }
  return bytes
}

/** Makes batches of new entries, given the index of the first; batch, key and value are reused. */
function entryFiller({ entryBytes, keyOrder, seed }: BufferLoad): (first: number) => WriteBatch {
  const batch = new WriteBatch()
  const key = new Uint8Array(KEY_BYTES)
  const keyView = new DataView(key.buffer)
  const value = new Uint8Array(entryBytes - KEY_BYTES)
  return (first) => {
    batch.clear()
    for (let index = first; index < first + BATCH_ENTRIES; index++) {
      keyView.setUint32(0, keyOrder === 'hashed' ? scrambled(index ^ seed) : index)
      value.fill(index)
      batch.put(key, value)
    }
    return batch
  }
}

/** A bijection of 32-bit integers (MurmurHash3's finalizer), so that keys stay unique. */
export function scrambled(index: number): number {
  let mixed = Math.imul(index ^ (index >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function* tablePieces(database: Database, storage: Storage): Generator<Uint8Array | string> {
  for (const [level, { runs }] of database.version.levels.entries()) {
    for (const run of runs) {
      yield `level ${level}\n`
      for (const { id } of tablesOf(run)) {
        const path = `${database.folder}/${String(id).padStart(6, '0')}.sst`
        yield storage.readAll(path, { cause: 'verify', level: -1 })
      }
    }
  }
}
