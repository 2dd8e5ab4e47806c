/**
 * Owns the block accesses of a workload: which data blocks its gets and scans read, and which
 * tables merges removed. They are recorded once, from an engine in memory without a block cache,
 * and replayed through a cache of any size and policy. This is exact: what the engine reads does
 * not depend on its cache.
 */

import type { BlockCache } from '../../engine/cache/block-cache.ts'
import {
  type EngineOptionsInput,
  Ledger,
  ManualClock,
  MemoryStorage,
  type Storage,
} from '../../engine/index.ts'
import type { Section } from '../../engine/storage/ledger.ts'
import type { FileTag, ReadableFile } from '../../engine/storage/storage.ts'
import { BLOCK_TRAILER_BYTES } from '../../engine/table/table-format.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { Operation, type OperationStream, type Workload } from '../../workloads/index.ts'
import { LiveSizes } from '../measure/live-sizes.ts'
import { OperationEffects, Outcome } from '../run/operation-effects.ts'
import { VarveTarget } from '../targets/varve-target.ts'

/** One access after the other. */
export interface BlockAccesses {
  readonly tables: readonly number[]
  /** From the beginning of the table's file. */
  readonly offsets: readonly number[]
  /** As the cache counts the block; 0: the table was removed. */
  readonly bytes: readonly number[]
}

/** The accesses of the run phases of `workload`, with memtables of `memtableBytes`. */
export async function recordAccesses(
  workload: Workload,
  memtableBytes: number,
): Promise<BlockAccesses> {
  const ledger = new Ledger()
  const storage = new RecordingStorage(ledger)
  const options = { memtableBytes, blockCacheBytes: 0 }
  await runInMemory(workload, { storage, ledger, options, onLoaded: () => storage.clear() })
  return storage
}

export interface MemoryRun {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly options: EngineOptionsInput
  /** Called between the load and the run phases. */
  onLoaded(): void
}

/** Runs `workload` by tiering over tables without compression. Counts blocks of the run phases. */
export async function runInMemory(workload: Workload, run: MemoryRun) {
  const { storage, ledger, options, onLoaded } = run
  const strategy = STRATEGIES.get('tiering')!
  const target = new VarveTarget({
    storage,
    ledger,
    folder: '/db',
    strategy: strategy.create(strategy.parse({})),
    strategyParameters: null,
    engineOptions: { ...options, compression: 'none' },
    clock: new ManualClock(0),
    seed: 1,
    onEvent() {},
  })
  const { getCounters: gets, scanCounters: scans } = target
  const effects = new OperationEffects({ target, liveSizes: new LiveSizes(16), answers: null })
  await applyAll(workload.load, effects)
  onLoaded()
  const before = gets.blocksFromCache + scans.blocksFromCache
  for (const { stream } of workload.phases) await applyAll(stream, effects)
  target.close()
  return { blocksFromCache: gets.blocksFromCache + scans.blocksFromCache - before }
}

/** Sends every access through `cache`, which is new, and counts there. */
export function replayAccesses({ tables, offsets, bytes }: BlockAccesses, cache: BlockCache): void {
  // The cache keeps blocks and reads none, so those of one size may be the same array.
  const blocks = new Map<number, Uint8Array>()
  for (let index = 0; index < tables.length; index++) {
    const [table, offset, blockBytes] = [tables[index]!, offsets[index]!, bytes[index]!]
    if (blockBytes === 0) {
      cache.evictTable(table)
    } else if (cache.get(table, offset) === undefined) {
      const block = blocks.get(blockBytes) ?? new Uint8Array(blockBytes)
      blocks.set(blockBytes, block)
      cache.insert(table, offset, block)
    }
  }
}

async function applyAll(stream: OperationStream, effects: OperationEffects): Promise<void> {
  const operation = new Operation()
  const outcome = new Outcome()
  let value = new Uint8Array(4096)
  while (stream.next(operation)) {
    const { valueLength } = operation
    if (valueLength > value.length) value = new Uint8Array(valueLength)
    stream.writeValue(operation, value)
    await effects.apply(operation, value.subarray(0, valueLength), stream.fieldNames, outcome)
    stream.acknowledge(operation)
  }
}

class RecordingStorage extends MemoryStorage implements BlockAccesses {
  tables: number[] = []
  offsets: number[] = []
  bytes: number[] = []

  clear(): void {
    this.tables = []
    this.offsets = []
    this.bytes = []
  }

  note(path: string, offset: number, bytes: number): void {
    this.tables.push(Number.parseInt(path.slice(path.lastIndexOf('/') + 1), 10))
    this.offsets.push(offset)
    this.bytes.push(bytes)
  }

  override open(path: string, tag: FileTag): ReadableFile {
    return new RecordedFile(this, super.open(path, tag), tag)
  }

  override remove(path: string): void {
    super.remove(path)
    if (path.endsWith('.sst')) this.note(path, 0, 0)
  }
}

class RecordedFile implements ReadableFile {
  readonly path: string
  readonly bytes: number
  readonly #storage: RecordingStorage
  readonly #file: ReadableFile
  readonly #isCached: boolean

  constructor(storage: RecordingStorage, file: ReadableFile, { cause }: FileTag) {
    this.path = file.path
    this.bytes = file.bytes
    this.#storage = storage
    this.#file = file
    this.#isCached = cause === 'get' || cause === 'scan'
  }

  read(target: Uint8Array, length: number, offset: number, section: Section): void {
    this.#file.read(target, length, offset, section)
    if (this.#isCached && section === 'data') {
      this.#storage.note(this.path, offset, length - BLOCK_TRAILER_BYTES)
    }
  }

  readAsync(target: Uint8Array, length: number, offset: number, section: Section): Promise<void> {
    return this.#file.readAsync(target, length, offset, section)
  }

  tagged(tag: FileTag): ReadableFile {
    return new RecordedFile(this.#storage, this.#file.tagged(tag), tag)
  }

  close(): void {
    this.#file.close()
  }
}
