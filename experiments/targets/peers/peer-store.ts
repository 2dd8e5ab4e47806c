/**
 * Owns the contract between a run and a store that somebody else wrote. Reads are synchronous in
 * every library we use; a write may be a promise (LevelDB's go through libuv's thread pool), and
 * the driver awaits only what is one, so a synchronous store costs no turn of the loop.
 *
 * A store is open from its creation until `close`. Keys and values handed in are borrowed.
 */
import type {
  PeerName,
  PeerReading,
  PeerSection,
  PeerSetting,
} from '../../../results/peer-schema.ts'
import type { Budget } from './budget.ts'

export interface PeerStore {
  put(key: Uint8Array, value: Uint8Array): void | Promise<void>
  delete(key: Uint8Array): void | Promise<void>
  /** Owned by the caller until the next read. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Reads up to `entries` entries from the first key ≥ `from`; their key and value bytes. */
  scan(from: Uint8Array, entries: number): number | Promise<number>
  /** Whether background work is running or due, as far as the store says. */
  busy(): boolean
  /** Time without a byte written after which it is believed; 0: nothing works in the background. */
  readonly quietMs: number
  statistics(): PeerStatistics
  /** Idempotent. */
  close(): void | Promise<void>
}

/** The store's own account since it was opened; null: it keeps none. */
export type PeerStatistics = Pick<
  PeerReading,
  | 'flushBytes'
  | 'compactionBytes'
  | 'compactionReadBytes'
  | 'flushes'
  | 'compactions'
  | 'level0Compactions'
  | 'level0TablesCompacted'
  | 'moves'
  | 'levels'
  | 'report'
>

export const NO_STATISTICS: PeerStatistics = {
  flushBytes: null,
  compactionBytes: null,
  compactionReadBytes: null,
  flushes: null,
  compactions: null,
  level0Compactions: null,
  level0TablesCompacted: null,
  moves: null,
  levels: null,
  report: null,
}

/** What is known of a peer before it is opened, and how to open it. */
export interface PeerDefinition {
  readonly name: PeerName
  /** One line for the help. */
  readonly description: string
  settings(budget: Budget): readonly PeerSetting[]
  readonly latencyIncludes: string
  /** What `drain` waits for. */
  readonly drainedBy: string
  readonly counters: PeerSection['counters']
  /**
   * Loads the library and opens a fresh store in `folder`, which exists and is empty.
   * Throws `UsageError` where the library is not installed or does not load.
   */
  open(folder: string, budget: Budget): Promise<OpenPeer>
}

export interface OpenPeer {
  readonly store: PeerStore
  /** As `PeerSection.version`. */
  readonly version: string
}
