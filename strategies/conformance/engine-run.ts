/**
 * Owns running the real engine under a checked strategy: a database in memory that takes the steps
 * of a history. Its sizes are chosen so that it counts like the tree without bytes.
 */

import { ManualClock } from '../../engine/base/clock.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { Retention } from '../../engine/compaction/validate-spec.ts'
import {
  Database,
  type JobEvent,
  Ledger,
  MemoryStorage,
  type Snapshot,
  type VersionEdit,
  WriteBatch,
} from '../../engine/index.ts'
import { Interleaving, type Schedule } from '../../engine/testing/interleavings.ts'
import type { Version } from '../../engine/version/version.ts'
import { ENTRY_BYTES, keyBytes, MEMTABLE_BYTES, START_MS } from './tree.ts'

/** Small blocks, so that a table has several. */
export const BLOCKS = { blockBytes: 1024, restartInterval: 16 } as const

export type OnPick = (view: TreeView, spec: CompactionSpec | null) => void

export interface EngineRunParts {
  readonly retention: Retention
  /** 'keys': an entry consists of its key only, so a tombstone weighs as much as a put. */
  readonly weight: 'keys' | 'values'
  readonly onPick?: OnPick
  /** Writes each entry as its own batch, so that a memtable ends with the entry that fills it. */
  readonly singly?: boolean
  readonly onEdit?: (kind: JobEvent['kind'], edit: VersionEdit) => void
  /** Each delete deletes a range of this many keys. Missing: it deletes one key. */
  readonly rangeWidth?: number | undefined
  /** How jobs run. Not inline, only `rest` and `reopen` wait for them. Missing: inline. */
  readonly schedule?: Schedule
}

export class EngineRun implements Disposable {
  readonly #parts: EngineRunParts
  readonly #storage = new MemoryStorage(new Ledger())
  readonly #clock = new ManualClock(START_MS)
  readonly #interleaving: Interleaving
  readonly #isInline: boolean
  #database: Database

  constructor(strategy: CompactionStrategy, parts: EngineRunParts) {
    this.#parts = parts
    const { schedule = 'inline' } = parts
    this.#isInline = schedule === 'inline'
    this.#interleaving = new Interleaving(schedule)
    this.#database = this.#open(strategy)
  }

  get version(): Version {
    return this.#database.version
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  /** Writes a memtable; inline it is flushed and compacted to rest. Throws the engine's errors. */
  flush(puts: readonly number[], deletes: readonly number[]): void {
    const batch = new WriteBatch()
    const written = () => {
      if (!this.#parts.singly) return
      this.#database.writeSync(batch)
      batch.clear()
    }
    for (const key of puts) {
      const seq = this.#database.lastSeq + 1 + batch.count
      batch.put(this.#keyOf(key), this.#valueOf(seq))
      written()
    }
    for (const key of deletes) {
      const { rangeWidth } = this.#parts
      if (rangeWidth === undefined) batch.delete(this.#keyOf(key))
      else batch.deleteRange(this.#keyOf(key), this.#keyOf(key + rangeWidth))
      written()
    }
    if (batch.count > 0) this.#database.writeSync(batch)
    this.#work()
  }

  wait(ms: number): void {
    this.#clock.advance(ms)
    this.#work()
  }

  /** Flushes and compacts until nothing is due. */
  rest(): void {
    this.#database.flush()
  }

  reopen(strategy: CompactionStrategy): void {
    this.#database.close()
    this.#database = this.#open(strategy)
  }

  get lastSeq(): number {
    return this.#database.lastSeq
  }

  /** Keeps what is visible now; it is released when the database is closed. */
  snapshot(): Snapshot {
    return this.#database.snapshot()
  }

  /** The seq of every live key, as a scan finds it. Each key is also looked up. */
  readAll(options?: { readonly snapshot: Snapshot }): Map<number, number> {
    const found = new Map<number, number>()
    for (const [key, value] of this.#database.scan(options)) {
      const seq = numberIn(value)
      const got = this.#database.get(key, options)
      if (got === undefined || numberIn(got) !== seq) throw new Error('get and scan disagree')
      found.set(numberIn(key), seq)
    }
    return found
  }

  get(key: number): number | undefined {
    const value = this.#database.get(this.#keyOf(key))
    return value === undefined ? undefined : numberIn(value)
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  #work(): void {
    if (this.#isInline) this.#database.flush()
    else this.#interleaving.turn()
  }

  #open(strategy: CompactionStrategy): Database {
    const { retention, onPick = () => {}, onEdit = () => {} } = this.#parts
    const watched: CompactionStrategy = {
      ...strategy,
      pick: (view) => {
        const spec = strategy.pick(view)
        onPick(view, spec)
        return spec
      },
    }
    return Database.open({
      storage: this.#storage,
      folder: '/db',
      strategy: watched,
      clock: this.#clock,
      // Inline each step flushes, and so does what time has made due.
      ...(this.#isInline ? {} : { timers: this.#clock }),
      onEvent: (event) => {
        if ('edit' in event && event.kind !== 'ingest') onEdit(event.kind, event.edit)
      },
      ...this.#interleaving.open({
        memtableBytes: MEMTABLE_BYTES,
        compression: 'none',
        blockBytes: BLOCKS.blockBytes,
        blockRestartInterval: BLOCKS.restartInterval,
        blockCacheBytes: 64 * 1024,
        retentionMaxAgeMs: retention.maxAgeMs,
        retentionMaxBytes: retention.maxBytes,
      }),
    })
  }

  #keyOf(key: number): Uint8Array {
    return this.#parts.weight === 'keys' ? longKey(key) : keyBytes(key)
  }

  #valueOf(seq: number): Uint8Array {
    if (this.#parts.weight === 'keys') return new Uint8Array()
    const number = keyBytes(seq)
    const bytes = new Uint8Array(ENTRY_BYTES - number.length)
    bytes.set(number)
    return bytes
  }
}

/** A key as long as a whole entry: `keyBytes` padded with zeros. */
export function longKey(key: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES)
  bytes.set(keyBytes(key))
  return bytes
}

/** The number at the start of a key or value. */
export function numberIn(bytes: Uint8Array): number {
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
}
