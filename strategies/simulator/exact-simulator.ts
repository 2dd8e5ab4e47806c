/**
 * Owns a simulation that knows every key: it takes the engine's operations, with lengths in place
 * of values, and flushes and compacts as the engine does: at once, or with an executor beside the
 * writes. It suits small trees, since its memory grows with keys.
 *
 * Invariant: equal operations and equal times give the engine's version edits (`simulated-tree.ts`
 * names the one exception).
 */

import { tableFor } from '../../engine/version/run.ts'
import { runCount, runsNewestFirst } from '../../engine/version/version.ts'
import { Entries, TOMBSTONE } from './entries.ts'
import { type BlockOptions, contentOf, ExactSubstance } from './exact-substance.ts'
import { KeyBook, type KeyId } from './key-book.ts'
import { SimulatedTree, type SimulatedTreeOptions } from './simulated-tree.ts'

export interface ExactSimulatorOptions extends SimulatedTreeOptions {
  readonly blocks: BlockOptions
  /** How many memtables may wait for their flush under an executor. Default 1. */
  readonly memtablesMax?: number
}

interface Newest {
  readonly seq: number
  /** Bytes of the value, or TOMBSTONE. */
  readonly valueLength: number
}

export class ExactSimulator {
  readonly tree: SimulatedTree
  /** Acknowledged key and value bytes of puts, and keys of deletes. */
  userBytes = 0
  lastSeq = 0
  /** Tables that a `get` had to read: those that hold the key, or have no filter. */
  tablesRead = 0
  /** Runs whose key range contained the key of a `get`, or that a scan opened. */
  runsProbed = 0
  readonly #options: ExactSimulatorOptions
  readonly #substance: ExactSubstance
  readonly #book = new KeyBook()
  readonly #newest = new Map<KeyId, Newest>()
  /** Memtables that wait for their flush, newest first. */
  #frozen: readonly Entries[] = []
  #rawBytes = 0
  #firstWriteAtMs: number | null = null
  #firstTombstoneAtMs: number | null = null

  constructor(options: ExactSimulatorOptions) {
    this.#options = options
    this.#substance = new ExactSubstance(this.#book, options.blocks)
    const onEnded = () => {
      this.#makeRoom()
      this.tree.compact(this.lastSeq)
      options.onEnded?.()
    }
    this.tree = new SimulatedTree({ ...options, onEnded }, this.#substance)
  }

  /** Raw bytes in the memtable, with overwritten versions. */
  get memtableRawBytes(): number {
    return this.#rawBytes
  }

  /** The memtable is due to be frozen. */
  get isFull(): boolean {
    return this.#rawBytes >= this.#options.memtableBytes
  }

  /** Memtables that wait for their flush, or are being flushed. */
  get frozenMemtables(): number {
    return this.#frozen.length
  }

  put(key: Uint8Array, valueLength: number): void {
    this.#write(key, valueLength)
  }

  delete(key: Uint8Array): void {
    this.#write(key, TOMBSTONE)
  }

  /** Length of the newest value; undefined if there is none. */
  get(key: Uint8Array): number | undefined {
    const id = this.#book.find(key)
    const newest = id === undefined ? undefined : this.#newest.get(id)
    const found = newest?.valueLength ?? this.#findFrozen(id) ?? this.#findInTables(key, id)
    return found === undefined || found === TOMBSTONE ? undefined : found
  }

  /** Counts the runs that a scan opens: all of them. */
  scan(): void {
    this.runsProbed += runCount(this.tree.version)
  }

  /** Makes the memtable a table, then compacts to rest. */
  flush(): void {
    if (this.#newest.size > 0) this.#rotate()
    this.tree.compactUntilRest(this.lastSeq)
  }

  #write(key: Uint8Array, valueLength: number): void {
    const { executor } = this.#options
    if (executor !== undefined) while (this.#isStopped) executor.wait()
    const bytes = key.length + Math.max(valueLength, 0)
    this.lastSeq++
    this.#newest.set(this.#book.idOf(key), { seq: this.lastSeq, valueLength })
    this.#rawBytes += bytes
    this.userBytes += bytes
    const nowMs = this.#options.clock.nowMs()
    this.#firstWriteAtMs ??= nowMs
    if (valueLength === TOMBSTONE) this.#firstTombstoneAtMs ??= nowMs
    if (executor !== undefined) this.#makeRoom()
    else if (this.isFull) this.flush()
  }

  /** Whether writes must wait for a flush. */
  get #isStopped(): boolean {
    return this.isFull && this.#frozen.length >= (this.#options.memtablesMax ?? 1)
  }

  /** Freezes a full memtable, if there is room for it, and starts what is due then. */
  #makeRoom(): void {
    if (!this.isFull || this.#isStopped) return
    this.#rotate()
    this.tree.compact(this.lastSeq)
  }

  #rotate(): void {
    const entries = new Entries(this.#newest.size)
    for (const id of [...this.#newest.keys()].sort((a, b) => this.#book.compare(a, b))) {
      const { seq, valueLength } = this.#newest.get(id)!
      entries.push(id, seq, valueLength)
    }
    const nowMs = this.#options.clock.nowMs()
    const ancestry = {
      createdAtMs: nowMs,
      oldestWriteAtMs: this.#firstWriteAtMs ?? nowMs,
      oldestTombstoneAtMs: this.#firstTombstoneAtMs,
    }
    const older = this.#frozen
    this.#frozen = [entries, ...older]
    this.tree.flush(
      this.lastSeq,
      (filter, context) => this.#substance.flush(entries, older, filter, ancestry, context),
      () => {
        this.#frozen = this.#frozen.filter((other) => other !== entries)
      },
    )
    this.#newest.clear()
    this.#rawBytes = 0
    this.#firstWriteAtMs = null
    this.#firstTombstoneAtMs = null
  }

  #findFrozen(id: KeyId | undefined): number | undefined {
    if (id === undefined) return undefined
    for (const entries of this.#frozen) {
      const found = this.#lookUp(entries, id)
      if (found !== undefined) return found
    }
    return undefined
  }

  #findInTables(key: Uint8Array, id: KeyId | undefined): number | undefined {
    for (const { run } of runsNewestFirst(this.tree.version)) {
      const table = tableFor(run, key)
      if (table === undefined) continue
      this.runsProbed++
      this.tree.countRead(table.id)
      const found = id === undefined ? undefined : this.#lookUp(contentOf(table), id)
      if (found !== undefined || table.filter.bitsPerKey === 0) this.tablesRead++
      if (found !== undefined) return found
    }
    return undefined
  }

  #lookUp(entries: Entries, id: KeyId): number | undefined {
    const at = entries.lowerBound(this.#book, this.#book.textOf(id))
    return entries.keys[at] === id && at < entries.length ? entries.valueLengths[at] : undefined
  }
}
