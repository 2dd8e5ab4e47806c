/**
 * Owns Varve as a target: it maps the calls of a run to the engine's public interface, and the
 * engine's counters to those of a target. Batches are reused, so that an inline put allocates
 * nothing.
 */
import {
  type Clock,
  type CompactionStrategy,
  Database,
  type DatabaseEvent,
  type EngineOptionsInput,
  type EventSlice,
  type ExecutorFactory,
  type Json,
  type Ledger,
  parseEngineOptions,
  type ReadCounters,
  type ReaderChannel,
  type StallEvent,
  type Storage,
  type Timers,
  WriteBatch,
} from '../../engine/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { valueLogPolicyOf } from '../../strategies/vlog-gc/index.ts'
import type { DatabaseFacts } from '../base/open-metrics.ts'
import {
  type Answer,
  type CountedTarget,
  type EntrySink,
  type JobTimes,
  levelStats,
  type TargetEvent,
  type TargetStats,
} from '../base/target.ts'
import type { EditEvent } from '../base/version-log.ts'
import { ObservedJobs } from './observed-jobs.ts'
import { ObservedStrategy } from './observed-strategy.ts'
import { scanCursor } from './scan-cursor.ts'
import type { ClientWork } from './virtual-device.ts'

export interface VarveTargetOptions {
  readonly storage: Storage
  /** Where the bytes lie, if `storage` encrypts them. Left out: `storage`. */
  readonly files?: Storage
  /** The ledger of `files`. */
  readonly ledger: Ledger
  readonly folder: string
  readonly strategy: CompactionStrategy
  readonly strategyParameters: Json
  readonly engineOptions: EngineOptionsInput
  readonly clock: Clock
  readonly seed: number
  /** With the job's times where it ran beside the operations. */
  onEvent(event: TargetEvent, job?: JobTimes): void
  /** Called when a flush or a compaction begins. */
  onJobStart?: (() => void) | undefined
  /** Writers were held: the stall is over. */
  onStall?: ((event: StallEvent) => void) | undefined
  /** Left out: inline. */
  readonly background?: TargetBackground | null
  /** The same events with the tree's edit. */
  onEdit?: ((event: EditEvent) => void) | undefined
}

/** Jobs run beside the operations, in the time of the target's clock. */
export interface TargetBackground {
  readonly scheduling: ExecutorFactory
  readonly timers: Timers
}

const TABLE_SUFFIX = '.sst'
/** Bytes of a table read at once for its digest. */
const PIECE_BYTES = 64 * 1024

export class VarveTarget implements CountedTarget {
  readonly getCounters: ReadCounters
  readonly scanCounters: ReadCounters
  scannedBytes = 0
  readonly #options: VarveTargetOptions
  readonly #database: Database
  readonly #observed: ObservedStrategy
  /** Batches of acknowledged writes. Inline it is one, which each write uses again. */
  readonly #batches: WriteBatch[] = []
  readonly #jobs: ObservedJobs | null
  readonly #work = new WorkMeter(() => [this.getCounters, this.scanCounters])

  constructor(options: VarveTargetOptions) {
    const { storage, folder, strategyParameters, engineOptions, clock, seed } = options
    const { background = null } = options
    this.#options = options
    this.#observed = new ObservedStrategy(options.strategy, options.onJobStart)
    const { strategy } = this.#observed
    const { valueLog, scheduling } = parseEngineOptions(engineOptions)
    const policy = schedulingPolicyOf(scheduling)
    const jobs = background === null ? null : new ObservedJobs(clock, () => this.#observed.lastPick)
    this.#jobs = jobs
    this.#database = Database.open({
      storage,
      folder,
      strategy,
      strategyParameters,
      options: engineOptions,
      valueLogPolicy: valueLogPolicyOf(valueLog),
      schedulingPolicy: jobs?.policy(policy) ?? policy,
      clock,
      ...(background !== null && {
        scheduling: jobs!.executor(background.scheduling),
        timers: background.timers,
      }),
      seed,
      onEvent: (event) => this.#report(event),
    })
    this.getCounters = this.#database.getCounters
    this.scanCounters = this.#database.scanCounters
  }

  put(key: Uint8Array, value: Uint8Array): Answer<void> {
    const batch = this.#emptyBatch()
    batch.put(key, value)
    return this.#write(batch)
  }

  delete(key: Uint8Array): Answer<void> {
    const batch = this.#emptyBatch()
    batch.delete(key)
    return this.#write(batch)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.get(key)
  }

  scan(from: Uint8Array, entries: number, sink: EntrySink | null = null): number {
    const scanned = scanCursor(this.#database.cursor(), from, entries, sink)
    this.scannedBytes = scanned.bytes
    return scanned.entries
  }

  /** What one more reading thread needs. */
  readerChannel(): ReaderChannel {
    return this.#database.readerChannel()
  }

  drain(): void {
    this.#database.flush()
  }

  stats(): TargetStats {
    const { ledger } = this.#options
    const metrics = this.#database.metrics()
    const { version } = this.#database
    const { flushes, merges, moves, drops } = metrics
    return {
      userBytes: metrics.userBytes,
      flushedRawBytes: metrics.rawBytesFlushed,
      mergedRawBytesByLevel: metrics.rawBytesMergedByLevel,
      cells: ledger.cells(),
      balance: ledger.balance(),
      debtBytes: metrics.debtBytes,
      memtableRawBytes: metrics.memtableRawBytes,
      peakPhysicalBytes: ledger.peakLiveBytes,
      counts: { flushes, merges, moves, drops },
      valueLog: metrics.valueLog,
      version,
      levels: levelStats(version),
      scores: this.#observed.scores,
    }
  }

  /** Counters at this moment. */
  facts(): DatabaseFacts {
    return {
      version: this.#database.version,
      metrics: this.#database.metrics(),
      cells: this.#options.ledger.cells(),
    }
  }

  liveFileBytes(): number {
    const { storage, files = storage, folder } = this.#options
    const sizes = files.list(folder).map((name) => files.size(`${folder}/${name}`))
    return sizes.reduce((sum, bytes) => sum + bytes, 0)
  }

  *tableBytes(): Generator<Uint8Array, void, undefined> {
    const { storage, folder } = this.#options
    const names = storage.list(folder).filter((name) => name.endsWith(TABLE_SUFFIX))
    const piece = new Uint8Array(PIECE_BYTES)
    for (const name of names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
      const file = storage.open(`${folder}/${name}`, { cause: 'verify', level: -1 })
      try {
        for (let offset = 0; offset < file.bytes; offset += PIECE_BYTES) {
          const length = Math.min(PIECE_BYTES, file.bytes - offset)
          file.read(piece, length, offset, 'data')
          yield piece.subarray(0, length)
        }
      } finally {
        file.close()
      }
    }
  }

  close(): void {
    this.#database.close()
  }

  /** What the operation that has just called asks of a device. */
  takeWork(): ClientWork {
    return this.#work.take()
  }

  #emptyBatch(): WriteBatch {
    const batch = this.#batches.pop()
    if (batch === undefined) return new WriteBatch()
    batch.clear()
    return batch
  }

  /** Beside background work a batch is taken until its write is acknowledged. */
  #write(batch: WriteBatch): Answer<void> {
    if (this.#jobs === null) {
      this.#batches.push(batch)
      return this.#database.writeSync(batch)
    }
    this.#work.writtenBytes += batch.byteLength
    const written = this.#database.write(batch)
    const release = () => {
      this.#batches.push(batch)
    }
    written.then(release, release)
    return written
  }

  #report(event: DatabaseEvent): void {
    if (event.kind === 'stall') this.#options.onStall?.(event)
    // A run ingests no tables.
    if (!('edit' in event) || event.kind === 'ingest') return
    this.#options.onEdit?.(event)
    const { kind, bytesRead, bytesWritten, reason } = event
    const job = this.#jobs?.report(kind, event.edit.removed)
    const { scores, candidates } = job?.seen ?? this.#observed.lastPick
    const told: TargetEvent = {
      kind,
      inputs: sidesOf(event.inputs),
      outputs: sidesOf(event.outputs),
      bytesRead,
      bytesWritten,
      reason: kind === 'flush' ? null : reason,
      scores,
      candidates,
      shadowedDropped: event.shadowedDropped,
      tombstonesDropped: event.tombstonesDropped,
      peakPhysicalBytes: this.#options.ledger.peakLiveBytes,
    }
    this.#options.onEvent(told, job)
  }
}

/** What the calls since the last reading moved; sums of live counters. */
class WorkMeter {
  writtenBytes = 0
  readonly #counters: () => readonly ReadCounters[]
  #blocks = 0
  #readBytes = 0

  constructor(counters: () => readonly ReadCounters[]) {
    this.#counters = counters
  }

  take(): ClientWork {
    let blocks = 0
    let readBytes = 0
    for (const { blocksFromStorage, bytesFromStorage } of this.#counters()) {
      blocks += blocksFromStorage
      readBytes += bytesFromStorage
    }
    const { writtenBytes } = this
    const work = {
      readBytes: readBytes - this.#readBytes,
      writtenBytes,
      reads: blocks - this.#blocks,
    }
    this.#blocks = blocks
    this.#readBytes = readBytes
    this.writtenBytes = 0
    return work
  }
}

/** Slices of runs, summed by level. */
function sidesOf(slices: readonly EventSlice[]): TargetEvent['inputs'] {
  const levels = [...new Set(slices.map((slice) => slice.level))].sort((a, b) => a - b)
  return levels.map((level) => {
    const own = slices.filter((slice) => slice.level === level)
    return {
      level,
      runs: new Set(own.map((slice) => slice.run)).size,
      tables: own.reduce((sum, slice) => sum + slice.tables.length, 0),
      bytes: own.reduce((sum, slice) => sum + slice.bytes, 0),
    }
  })
}
