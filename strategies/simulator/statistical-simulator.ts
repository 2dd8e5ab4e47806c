/**
 * Owns a simulation without keys, for trees of terabytes: writes come as numbers, memtables fill up
 * and are flushed, and the strategy does as it would on a real tree. Memory grows with tables.
 *
 * Deterministic for a seed, which only scatters table borders (`statistical-substance.ts`). Inserts are
 * of fresh keys, as many at most as the model has; updates and deletes are drawn by the model,
 * which supposes that all its keys have been inserted by then.
 */

import type { ManualClock } from '../../engine/base/clock.ts'
import { createRandom } from '../../engine/base/random.ts'
import { densityOf } from './density.ts'
import { KEY_SPACE } from './key-space.ts'
import { SimulatedTree, type SimulatedTreeOptions } from './simulated-tree.ts'
import { StatisticalSubstance } from './statistical-substance.ts'
import type { StatisticalShape } from './statistical-table.ts'

export interface StatisticalSimulatorOptions extends SimulatedTreeOptions {
  readonly shape: StatisticalShape
  /** Moved on a millisecond a write. */
  readonly clock: ManualClock
  readonly seed: number
  /** Whether fresh keys come in key order or from everywhere. */
  readonly insertOrder: 'hashed' | 'ordered'
}

/** Shares of a stream of writes; they sum up to 1. */
export interface WriteMix {
  readonly insert: number
  readonly update: number
  readonly delete: number
}

export class StatisticalSimulator {
  readonly tree: SimulatedTree
  /** Acknowledged key and value bytes of puts, and keys of deletes; expected. */
  userBytes = 0
  writes = 0
  readonly #options: StatisticalSimulatorOptions
  readonly #substance: StatisticalSubstance
  #memtable = EMPTY_MEMTABLE
  #flushedWrites = 0
  #insertedBefore = 0

  constructor(options: StatisticalSimulatorOptions) {
    this.#options = options
    this.#substance = new StatisticalSubstance(options.shape, createRandom(options.seed))
    this.tree = new SimulatedTree(options, this.#substance)
  }

  get memtableRawBytes(): number {
    return this.#memtable.rawBytes
  }

  /** Mean raw bytes of a write. */
  bytesPerWrite(mix: WriteMix): number {
    const { keyBytes, valueBytes } = this.#options.shape
    return keyBytes + (1 - mix.delete) * valueBytes
  }

  /** Writes of the mix until the memtable is flushed. */
  roomFor(mix: WriteMix): number {
    const bytesLeft = this.#options.memtableBytes - this.#memtable.rawBytes
    // The write that reaches the limit is in the memtable when it is flushed.
    return Math.max(Math.ceil(bytesLeft / this.bytesPerWrite(mix) - 1e-9), 1)
  }

  /** `count` writes, of the kinds as the mix shares them out. */
  write(mix: WriteMix, count: number): void {
    const bytes = this.bytesPerWrite(mix)
    const { clock } = this.#options
    for (let left = count; left > 0; ) {
      const memtable = this.#memtable
      const room = this.roomFor(mix)
      const taken = Math.min(room, left)
      left -= taken
      this.writes += taken
      this.userBytes += taken * bytes
      this.#memtable = {
        rawBytes: memtable.rawBytes + taken * bytes,
        inserts: memtable.inserts + taken * mix.insert,
        draws: memtable.draws + taken * (mix.update + mix.delete),
        deletes: memtable.deletes + taken * mix.delete,
      }
      clock.advance(taken)
      if (taken === room) this.flush()
    }
  }

  /** Makes the memtable a table, then compacts to rest. */
  flush(): void {
    if (this.writes > this.#flushedWrites) this.#rotate()
    this.tree.compactUntilRest(this.writes)
  }

  #rotate(): void {
    const { clock, insertOrder, shape } = this.#options
    const { inserts, draws, deletes } = this.#memtable
    const nowMs = clock.nowMs()
    const startedAtMs = nowMs - (this.writes - this.#flushedWrites) + 1
    const ancestry = {
      createdAtMs: nowMs,
      oldestWriteAtMs: startedAtMs,
      oldestTombstoneAtMs: startedAtMs,
    }
    const facts = { ancestry, seqMin: this.#flushedWrites + 1, seqMax: this.writes }
    const inOrder = insertOrder === 'ordered' && draws === 0
    const place = (keys: number) => Math.round(Math.min(keys / shape.model.keys, 1) * KEY_SPACE)
    const from = inOrder ? place(this.#insertedBefore) : 0
    const to = inOrder ? place(this.#insertedBefore + inserts) : KEY_SPACE
    const writes = { inserts, draws, deletes }
    const density = densityOf(shape.model, writes, (to - from) / KEY_SPACE)
    this.tree.flush(this.writes, ({ bitsPerKey }, context) =>
      this.#substance.flush({ from, to, density }, bitsPerKey, facts, context),
    )
    this.#insertedBefore += inserts
    this.#flushedWrites = this.writes
    this.#memtable = EMPTY_MEMTABLE
  }
}

const EMPTY_MEMTABLE = { rawBytes: 0, inserts: 0, draws: 0, deletes: 0 }
