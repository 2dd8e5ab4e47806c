/**
 * Owns the contract between a run and a store from another project. Each call answers at once or
 * with a promise, because LevelDB's writes go through libuv's thread pool. Only a promise is
 * awaited.
 *
 * A store is open from its creation until `close`. Keys and values passed in are borrowed.
 */
import type {
  PeerName,
  PeerReading,
  PeerSection,
  PeerSetting,
} from '../../../results/peer-schema.ts'
import type { Answer, EntrySink } from '../../base/target.ts'
import type { Budget } from './budget.ts'

export interface PeerStore {
  put(key: Uint8Array, value: Uint8Array): Answer<void>
  delete(key: Uint8Array): Answer<void>
  /** Owned by the caller until the next read. */
  get(key: Uint8Array): Answer<Uint8Array | undefined>
  /** Reads up to `entries` entries from the first key ≥ `from` into `sink`. */
  scan(from: Uint8Array, entries: number, sink: EntrySink): Answer<void>
  /** Whether background work is running or due, as far as the store reports it. */
  busy(): boolean
  statistics(): PeerStatistics
  /** Idempotent. */
  close(): Answer<void>
}

/** Adds an entry whose key and value are separate arrays. */
export function addEntry(sink: EntrySink, key: Uint8Array, value: Uint8Array): void {
  sink.add(key, 0, key.length, value, 0, value.length)
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
  | 'lateCompactions'
  | 'stalls'
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
  lateCompactions: null,
  stalls: null,
  levels: null,
  report: null,
}

/** The properties of a peer that is not open yet, and how to open it. */
export interface PeerDefinition {
  readonly name: PeerName
  /** One line for the help. */
  readonly description: string
  settings(budget: Budget): readonly PeerSetting[]
  readonly latencyIncludes: string
  /** Describes the condition that `drain` waits for. */
  readonly drainedBy: string
  /**
   * Milliseconds without a written byte after which the store counts as at rest; 0: it has no
   * background work.
   */
  readonly quietMs: number
  readonly counters: PeerSection['counters']
  /**
   * Loads the library and opens a new store in `folder`, which exists and is empty. Throws
   * `UsageError` if the library is not installed or does not load.
   */
  open(folder: string, budget: Budget): Promise<OpenPeer>
}

export interface OpenPeer {
  readonly store: PeerStore
  /** See `PeerSection.version`. */
  readonly version: string
}
