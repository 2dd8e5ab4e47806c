/**
 * Owns the contract between a run and the store it runs against, its target. A call answers at once
 * or by a promise; arrays that are handed over are borrowed. A call that answers at once allocates
 * nothing in the driver. The factories in `targets/` open a target; it stays open until `close`.
 */
import type {
  LedgerBalance,
  LedgerCell,
  LevelScore,
  ReadCounters,
  ValueLogMetrics,
  Version,
} from '../../engine/index.ts'
import type { ResultEvent } from '../../results/schema.ts'

/** A value, or the promise of it; only a promise is awaited. */
export type Answer<Value> = Value | Promise<Value>

/** What every store can do. */
export interface Target {
  /** Key and value are copied, or the promise is kept until they are. */
  put(key: Uint8Array, value: Uint8Array): Answer<void>
  delete(key: Uint8Array): Answer<void>
  /** Borrowed until the next read; undefined when the key is absent. */
  get(key: Uint8Array): Answer<Uint8Array | undefined>
  /**
   * Reads up to `entries` entries from the first key ≥ `from`; returns how many there were. Each is
   * handed to `sink`, if there is one and the target knows values.
   */
  scan(from: Uint8Array, entries: number, sink?: EntrySink | null): Answer<number>
  /** Key and value bytes of the last scan. */
  readonly scannedBytes: number
  /**
   * Live counters, incremented in place; the caller takes differences. Null: the target counts no
   * reads.
   */
  readonly getCounters: ReadCounters | null
  readonly scanCounters: ReadCounters | null
  /** Ends when no work is due any more. */
  drain(): Answer<void>
  /** Idempotent. */
  close(): Answer<void>
}

/** A target that counts all of its own work: the engine and the simulator. */
export interface CountedTarget extends Target {
  readonly getCounters: ReadCounters
  readonly scanCounters: ReadCounters
  stats(): TargetStats
  /** Sum of the sizes of all files, from the storage: it must equal the ledger's balance. */
  liveFileBytes(): number
  /** The bytes of the tree's table files, ascending by table id, in borrowed pieces. */
  tableBytes(): Iterable<Uint8Array>
}

/** Receives the entries of a scan one by one. The arrays are borrowed until `add` returns. */
export interface EntrySink {
  add(
    keyBytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueLength: number,
  ): void
}

/** All counters at one moment: sums since the fresh folder was opened. */
export interface TargetStats {
  readonly userBytes: number
  readonly flushedRawBytes: number
  readonly mergedRawBytesByLevel: readonly number[]
  readonly cells: readonly LedgerCell[]
  readonly balance: LedgerBalance
  readonly debtBytes: number
  readonly memtableRawBytes: number
  readonly peakPhysicalBytes: number
  readonly counts: {
    readonly flushes: number
    readonly merges: number
    readonly moves: number
    readonly drops: number
  }
  readonly levels: readonly LevelStats[]
  /** The tree that `levels` describes. */
  readonly version: Version
  /** Of targets that separate values. */
  readonly valueLog?: ValueLogMetrics
  /** The strategy's urgency by level; null where a target has none. */
  readonly scores: readonly LevelScore[] | null
}

export interface LevelStats {
  readonly runs: number
  readonly tables: number
  readonly bytes: number
  readonly entries: number
  readonly tombstones: number
  readonly rawBytes: number
}

/** The levels of a tree, level 0 first. */
export function levelStats({ levels }: Version): readonly LevelStats[] {
  return levels.map(({ runs, totals: { tables, bytes, entries, tombstones, rawBytes } }) => ({
    runs: runs.length,
    tables,
    bytes,
    entries,
    tombstones,
    rawBytes,
  }))
}

/** A target reports its background work as it happens; it leaves out what it does not know. */
export type TargetEvent = Pick<ResultEvent, AlwaysTold> &
  Partial<Omit<ResultEvent, AlwaysTold | 'atOperation'>>

/** When a job that ran beside the operations was queued, was started and ended: clock readings. */
export interface JobTimes {
  readonly queuedNs: number
  readonly startedNs: number
  readonly endedNs: number
}

type AlwaysTold = 'kind' | 'inputs' | 'outputs' | 'bytesRead' | 'bytesWritten' | 'reason'

/** Sum of the sizes of all files, from the ledger's balance. */
export function physicalBytes(balance: LedgerBalance): number {
  const came = balance.presentAtOpen + balance.appended + balance.linked
  return came - balance.truncated - balance.removed
}

/** The deepest level that holds anything; −1 in an empty tree. */
export function deepestLevel({ levels }: TargetStats): number {
  return levels.findLastIndex(({ runs }) => runs > 0)
}
