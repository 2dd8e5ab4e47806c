/**
 * Owns the books of a simulated run: it makes the ledger and the events of a target from the
 * simulator's events. Tables count as uncompressed. A log record counts with its framing, as a
 * mean, and all logs count as removed by the next flush. The manifest does not count. Merges read
 * the data blocks of their inputs.
 */
import { type Clock, Ledger, type Version, type VersionEdit } from '../../engine/index.ts'
import type { EventPart, SimulatedEvent } from '../../strategies/simulator/simulated-event.ts'
import type { SimulatedTree } from '../../strategies/simulator/simulated-tree.ts'
import { type JobTimes, levelStats, type TargetEvent, type TargetStats } from '../base/target.ts'
import type { EditEvent } from '../base/version-log.ts'
import type { ReportedJob } from './observed-jobs.ts'
import type { Observed, ObservedStrategy } from './observed-strategy.ts'

export interface BookOptions {
  readonly clock: Clock
  /** Observes the strategy that the simulator uses. */
  readonly observed: ObservedStrategy
  /** With the job's times where it ran beside the operations. */
  onEvent(event: TargetEvent, job?: JobTimes): void
  onEdit?: ((event: EditEvent) => void) | undefined
}

/** The writes as both modes of the simulator report them. */
export interface SimulatedWrites {
  readonly tree: SimulatedTree
  readonly userBytes: number
  readonly memtableRawBytes: number
}

const WAL = Ledger.account('wal', -1)
/** From engine/wal: a batch of one record, and a frame for each log block or record. */
const BATCH_BYTES = 12 + 1
const LOG_BLOCK_BYTES = 32 * 1024
const FRAME_BYTES = 7

export class SimulatedBooks {
  readonly #options: BookOptions
  readonly #ledger = new Ledger()
  /** Expected log bytes since the last flush, and how many of them are already in the ledger. */
  #logBytes = 0
  #logCounted = 0
  /** 1 if the run starts from a tree, which counts as a flush. */
  #found = 0

  constructor(options: BookOptions) {
    this.#options = options
  }

  /** Counts `count` puts or deletes of these mean lengths; a deletion has a value of length 0. */
  addWrites(count: number, keyLength: number, valueLength: number): void {
    const record = batchBytes(keyLength, valueLength)
    this.#logBytes += count * (record + FRAME_BYTES * (1 + record / LOG_BLOCK_BYTES))
  }

  /** `job`: the job behind it, where it ran beside the operations. */
  addEvent(event: SimulatedEvent, job?: ReportedJob): void {
    const { kind, removed, added, reason } = event
    const { clock, observed, onEvent, onEdit } = this.#options
    const ledger = this.#ledger
    const rewrites = kind === 'merge'
    if (kind === 'flush') this.#countLog()
    let bytesRead = 0
    let bytesWritten = 0
    if (kind === 'flush' || rewrites) {
      for (const { level, totals, stored } of added) {
        const account = Ledger.account(rewrites ? 'compaction' : 'flush', level)
        ledger.countWrite(account, 'data', stored.data)
        if (stored.filter > 0) ledger.countWrite(account, 'filter', stored.filter)
        ledger.countWrite(account, 'index', totals.bytes - stored.data - stored.filter)
        bytesWritten += totals.bytes
      }
    }
    if (rewrites) {
      for (const { level, stored } of removed) {
        ledger.countRead(Ledger.account('compaction', level), 'data', stored.data)
        bytesRead += stored.data
      }
    }
    if (kind !== 'move') {
      ledger.countRemoved(removed.reduce((sum, { totals }) => sum + totals.bytes, 0))
    }
    if (kind === 'flush') {
      ledger.countRemoved(this.#logCounted)
      this.#logBytes = 0
      this.#logCounted = 0
    }
    if (onEdit !== undefined) {
      const { edit } = event
      onEdit({ kind, atMs: clock.nowMs(), edit, ...(reason !== null && { reason }) })
    }
    const { peakLiveBytes: peakPhysicalBytes } = ledger
    const seen = job?.seen ?? observed.lastPick
    onEvent(new BookedEvent(event, seen, { bytesRead, bytesWritten, peakPhysicalBytes }), job)
  }

  /**
   * Notes the tree that a run starts from. It is event 1, a flush that adds all of it, so that the
   * log of versions replays from an empty tree. Its bytes were there, so they were not written.
   */
  addFound(version: Version): void {
    const { clock, onEvent, onEdit } = this.#options
    this.#found = 1
    this.#ledger.countPresentAtOpen(version.totals.bytes)
    onEdit?.({ kind: 'flush', atMs: clock.nowMs(), edit: editThatAdds(version) })
    const outputs = version.levels.flatMap(({ runs, totals }, level) =>
      runs.length === 0
        ? []
        : [{ level, runs: runs.length, tables: totals.tables, bytes: totals.bytes }],
    )
    const { peakLiveBytes: peakPhysicalBytes } = this.#ledger
    const nothing = { inputs: [], bytesRead: 0, bytesWritten: 0, reason: null }
    onEvent({ kind: 'flush', outputs, ...nothing, peakPhysicalBytes })
  }

  stats({ tree, userBytes, memtableRawBytes }: SimulatedWrites): TargetStats {
    this.#countLog()
    return {
      userBytes: Math.round(userBytes),
      flushedRawBytes: tree.flushedRawBytes,
      mergedRawBytesByLevel: [...tree.mergedRawBytesByLevel],
      cells: this.#ledger.cells(),
      balance: this.#ledger.balance(),
      debtBytes: tree.debtBytes,
      memtableRawBytes: Math.round(memtableRawBytes),
      peakPhysicalBytes: this.#ledger.peakLiveBytes,
      counts: { ...tree.counts, flushes: tree.counts.flushes + this.#found },
      version: tree.version,
      levels: levelStats(tree.version),
      scores: this.#options.observed.scores,
    }
  }

  /** Sizes of the table files and the log, from the tree; they must equal the ledger's balance. */
  liveBytes(tree: SimulatedTree): number {
    return tree.version.totals.bytes + this.#logCounted
  }

  #countLog(): void {
    const fresh = Math.round(this.#logBytes) - this.#logCounted
    if (fresh > 0) this.#ledger.countWrite(WAL, 'data', fresh)
    this.#logCounted += fresh
  }
}

/**
 * An event as it is reported. Its sides, and what the strategy saw, are worked out when they are
 * read: most events are not kept, so nobody reads them.
 */
class BookedEvent implements TargetEvent {
  readonly kind: SimulatedEvent['kind']
  readonly reason: SimulatedEvent['reason']
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly peakPhysicalBytes: number
  readonly #event: SimulatedEvent
  readonly #seen: Observed

  constructor(event: SimulatedEvent, seen: Observed, bytes: BookedBytes) {
    this.kind = event.kind
    this.reason = event.reason
    this.bytesRead = bytes.bytesRead
    this.bytesWritten = bytes.bytesWritten
    this.peakPhysicalBytes = bytes.peakPhysicalBytes
    this.#event = event
    this.#seen = seen
  }

  get inputs(): TargetEvent['inputs'] {
    return sidesOf(this.#event.removed)
  }

  get outputs(): TargetEvent['outputs'] {
    return sidesOf(this.#event.added)
  }

  get scores(): Observed['scores'] {
    return this.#seen.scores
  }

  get candidates(): Observed['candidates'] {
    return this.#seen.candidates
  }
}

type BookedBytes = Pick<BookedEvent, 'bytesRead' | 'bytesWritten' | 'peakPhysicalBytes'>

function editThatAdds({ levels }: Version): VersionEdit {
  const newRuns = levels.flatMap(({ runs }, level) =>
    runs.map(({ id }, at) => ({ level, run: id, after: runs[at - 1]?.id ?? null })),
  )
  const added = levels.flatMap(({ runs }, level) =>
    runs.flatMap(({ id, chunks }) =>
      chunks.flatMap(({ tables }) => tables.map((table) => ({ level, run: id, table }))),
    ),
  )
  return { newRuns, removed: [], added }
}

/** The parts of each level as one; a part is a run, so the parts of a level are its runs. */
function sidesOf(parts: readonly EventPart[]): TargetEvent['inputs'] {
  const sides: { level: number; runs: number; tables: number; bytes: number }[] = []
  for (const { level, totals } of parts) {
    const known = sides.find((one) => one.level === level)
    const side = known ?? { level, runs: 0, tables: 0, bytes: 0 }
    if (known === undefined) sides.push(side)
    side.runs++
    side.tables += totals.tables
    side.bytes += totals.bytes
  }
  return sides.sort((a, b) => a.level - b.level)
}

/** Bytes of a batch with one put, or with one deletion if the value has length 0. */
export function batchBytes(keyLength: number, valueLength: number): number {
  return BATCH_BYTES + prefixed(keyLength) + (valueLength > 0 ? prefixed(valueLength) : 0)
}

/** Bytes of a length-prefixed string of this length. */
function prefixed(length: number): number {
  return length + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3)
}
