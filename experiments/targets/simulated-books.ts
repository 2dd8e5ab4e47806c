/**
 * Owns the books of a simulated run: the ledger and the events a target must give, from what the
 * simulator tells. Table bytes are those of uncompressed tables; a log record is counted with its
 * framing, spread evenly; the manifest is not counted. Merges read their inputs' data blocks.
 */
import { type Clock, Ledger } from '../../engine/index.ts'
import { dataBytesOf } from '../../strategies/simulator/simulated-table.ts'
import type { SimulatedEvent, SimulatedTree } from '../../strategies/simulator/simulated-tree.ts'
import type { EditEvent } from '../story/version-log.ts'
import type { TargetEvent, TargetStats } from '../target.ts'

export interface BookOptions {
  readonly clock: Clock
  onEvent(event: TargetEvent): void
  onEdit?: ((event: EditEvent) => void) | undefined
}

/** What both modes know of a write stream. */
export interface SimulatedWrites {
  readonly tree: SimulatedTree
  readonly userBytes: number
  readonly memtableRawBytes: number
}

type Placements = SimulatedEvent['edit']['added']

const WAL = Ledger.account('wal', -1)
/** engine/wal: a batch of one record, and a frame a log block or record. */
const BATCH_BYTES = 12 + 1
const LOG_BLOCK_BYTES = 32 * 1024
const FRAME_BYTES = 7

export class SimulatedBooks {
  readonly #options: BookOptions
  readonly #ledger = new Ledger()
  /** Written to the log since the last flush, and how much of it is in the ledger; expected. */
  #logBytes = 0
  #logCounted = 0

  constructor(options: BookOptions) {
    this.#options = options
  }

  /** Tells of `count` puts or deletes of these mean lengths; a deletion's value is 0 long. */
  addWrites(count: number, keyLength: number, valueLength: number): void {
    const record = BATCH_BYTES + prefixed(keyLength) + (valueLength > 0 ? prefixed(valueLength) : 0)
    this.#logBytes += count * (record + FRAME_BYTES * (1 + record / LOG_BLOCK_BYTES))
  }

  addEvent({ kind, edit, reason }: SimulatedEvent): void {
    const { clock, onEvent, onEdit } = this.#options
    const ledger = this.#ledger
    const rewrites = kind === 'merge'
    if (kind === 'flush') this.#countLog()
    let bytesRead = 0
    let bytesWritten = 0
    if (kind === 'flush' || rewrites) {
      for (const { level, table } of edit.added) {
        const account = Ledger.account(rewrites ? 'compaction' : 'flush', level)
        const dataBytes = dataBytesOf(table)
        ledger.countWrite(account, 'data', dataBytes)
        if (table.filter.bytes > 0) ledger.countWrite(account, 'filter', table.filter.bytes)
        ledger.countWrite(account, 'index', table.bytes - dataBytes - table.filter.bytes)
        bytesWritten += table.bytes
      }
    }
    if (rewrites) {
      for (const { level, table } of edit.removed) {
        const dataBytes = dataBytesOf(table)
        ledger.countRead(Ledger.account('compaction', level), 'data', dataBytes)
        bytesRead += dataBytes
      }
    }
    if (kind !== 'move') ledger.countRemoved(bytesOf(edit.removed))
    if (kind === 'flush') {
      ledger.countRemoved(this.#logCounted)
      this.#logBytes = 0
      this.#logCounted = 0
    }
    onEdit?.({ kind, atMs: clock.nowMs(), edit, ...(reason !== null && { reason }) })
    const [inputs, outputs] = [sidesOf(edit.removed), sidesOf(edit.added)]
    onEvent({ kind, inputs, outputs, bytesRead, bytesWritten, reason })
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
      counts: { ...tree.counts },
      levels: tree.version.levels.map(({ runs, totals }) => ({ runs: runs.length, ...totals })),
    }
  }

  /** Table files and the log, as the tree says: the other side of the balance. */
  liveBytes(tree: SimulatedTree): number {
    return tree.version.totals.bytes + this.#logCounted
  }

  #countLog(): void {
    const fresh = Math.round(this.#logBytes) - this.#logCounted
    if (fresh > 0) this.#ledger.countWrite(WAL, 'data', fresh)
    this.#logCounted += fresh
  }
}

function bytesOf(placements: Placements): number {
  return placements.reduce((sum, { table }) => sum + table.bytes, 0)
}

function sidesOf(placements: Placements): TargetEvent['inputs'] {
  return [...Map.groupBy(placements, ({ level }) => level)]
    .sort(([a], [b]) => a - b)
    .map(([level, own]) => ({
      level,
      runs: new Set(own.map(({ run }) => run)).size,
      tables: own.length,
      bytes: bytesOf(own),
    }))
}

/** A length-prefixed string of so many bytes. */
function prefixed(length: number): number {
  return length + (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3)
}
