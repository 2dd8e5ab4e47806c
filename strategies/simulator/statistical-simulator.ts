/**
 * Owns a simulation without keys, for trees of terabytes: writes are given as counts, memtables
 * fill up and are flushed, and the strategy compacts as it would on a real tree. Memory grows with
 * tables.
 *
 * Deterministic for a seed, which scatters the borders of tables (`statistical-substance.ts`) and
 * varies the numbers of keys (`statistical-chance.ts`). Inserts add fresh keys, at most as many as
 * the model has. Updates and deletes are drawn from all keys of the model, or from those that a
 * mix's `choice` calls existing.
 */

import { assert } from '../../engine/base/assert.ts'
import { ManualClock } from '../../engine/base/clock.ts'
import { createRandom, deriveSeed, type Random } from '../../engine/base/random.ts'
import { KEY_SPACE } from './key-space.ts'
import { LiveKeys } from './live-keys.ts'
import { SimulatedTree, type SimulatedTreeOptions } from './simulated-tree.ts'
import {
  choiceOf,
  densityOf,
  emptyMemtable,
  type KeyChoice,
  type Memtable,
  shareOfDeletes,
  type WriteMix,
  withWrites,
} from './statistical-memtable.ts'
import { StatisticalSubstance } from './statistical-substance.ts'
import type { StatisticalShape } from './statistical-table.ts'

export interface StatisticalSimulatorOptions extends SimulatedTreeOptions {
  readonly shape: StatisticalShape
  readonly seed: number
  /** With `start`: how its live keys spread over the classes; the shares sum up to 1. */
  readonly liveShares?: readonly number[]
  /** Whether fresh keys come in key order, or hashed over the key space. */
  readonly insertOrder: 'hashed' | 'ordered'
}

export class StatisticalSimulator {
  readonly tree: SimulatedTree
  /** Acknowledged key and value bytes of puts, and keys of deletes. */
  userBytes = 0
  writes = 0
  readonly #options: StatisticalSimulatorOptions
  readonly #substance: StatisticalSubstance
  /** Random numbers of the writes; tables draw from another stream. */
  readonly #random: Random
  readonly #choice: KeyChoice
  readonly #live: LiveKeys
  readonly #firstSeq: number
  #memtable: Memtable
  /** Time of the memtable's first write; null while it is empty. */
  #startedAtMs: number | null = null
  /** Part of a millisecond that the clock has not counted yet. */
  #passedMs = 0
  #flushedWrites = 0
  #insertedBefore = 0

  constructor(options: StatisticalSimulatorOptions) {
    this.#options = options
    this.#substance = new StatisticalSubstance(options.shape, createRandom(options.seed))
    this.tree = new SimulatedTree(options, this.#substance)
    this.#random = createRandom(deriveSeed(options.seed, 'writes'))
    this.#choice = choiceOf(options.shape.model)
    this.#live = new LiveKeys(options.shape.model)
    const { entries, tombstones } = this.tree.version.totals
    this.#live.begin(entries - tombstones, options.liveShares ?? [])
    this.#firstSeq = options.start?.nextSeq ?? 1
    this.#memtable = emptyMemtable(this.#random, this.#choice)
  }

  /** Expected number of keys whose newest version is a put. */
  get liveKeys(): number {
    return this.#live.total
  }

  get #lastSeq(): number {
    return this.#firstSeq - 1 + this.writes
  }

  get memtableRawBytes(): number {
    return this.#memtable.rawBytes
  }

  /** Number of writes of the mix until the memtable is flushed. */
  roomFor(mix: WriteMix): number {
    const bytesLeft = this.#options.memtableBytes - this.#memtable.rawBytes
    const bytesPerWrite = this.#bytesPerWrite(this.#deleteShare(mix))
    // The write that reaches the limit still goes into the memtable.
    return Math.max(Math.ceil(bytesLeft / bytesPerWrite - 1e-9), 1)
  }

  /** Makes `count` writes, divided into kinds by the mix. Reads between them take time, too. */
  write(mix: WriteMix, count: number, msPerWrite = 1): void {
    for (let left = count; left > 0; ) {
      this.#startedAtMs ??= this.#options.clock.nowMs() + 1
      const room = this.roomFor(mix)
      const taken = Math.min(room, left)
      left -= taken
      this.add(mix, taken)
      this.pass(taken * msPerWrite)
      if (taken === room) this.flush()
    }
  }

  /**
   * Puts writes into the memtable, in no time and without a flush: for a clock that somebody else
   * moves, under an executor. They must fit (`roomFor`).
   */
  add(mix: WriteMix, count: number): void {
    this.#startedAtMs ??= this.#options.clock.nowMs()
    const deleteShare = this.#deleteShare(mix)
    const rawBytes = count * this.#bytesPerWrite(deleteShare)
    this.writes += count
    this.userBytes += rawBytes
    const choice = mix.choice ?? this.#choice
    this.#memtable = withWrites(this.#memtable, {
      rawBytes,
      inserts: count * mix.insert,
      draws: count * (mix.update + mix.delete),
      deletes: count * deleteShare,
      choice,
    })
    this.#live.write(mix, choice, count)
  }

  /** Lets time pass on a clock that is moved by hand, which counts whole milliseconds. */
  pass(ms: number): void {
    const { clock } = this.#options
    assert(clock instanceof ManualClock, 'no event moves this clock')
    this.#passedMs += ms
    const whole = Math.floor(this.#passedMs)
    clock.advance(whole)
    this.#passedMs -= whole
  }

  /** Makes the memtable a table, then compacts to rest. */
  flush(): void {
    if (this.writes > this.#flushedWrites) this.#rotate()
    this.tree.compactUntilRest(this.#lastSeq)
  }

  /**
   * Queues the flush of a memtable that is not empty, under an executor. `onFlushed` is called when
   * its table is part of the tree.
   */
  freeze(onFlushed: () => void): void {
    this.#rotate(onFlushed)
  }

  #deleteShare(mix: WriteMix): number {
    const { memtableBytes, shape } = this.#options
    const bytes = this.#bytesPerWrite(mix.delete)
    return shareOfDeletes(this.#memtable, mix, memtableBytes / bytes, shape.valueBytes / bytes)
  }

  #bytesPerWrite(deleteShare: number): number {
    const { keyBytes, valueBytes } = this.#options.shape
    return keyBytes + (1 - deleteShare) * valueBytes
  }

  #rotate(onFlushed: () => void = () => {}): void {
    const { clock, insertOrder, shape } = this.#options
    const { inserts, draws } = this.#memtable
    const nowMs = clock.nowMs()
    const startedAtMs = this.#startedAtMs ?? nowMs
    this.#startedAtMs = null
    const ancestry = {
      createdAtMs: nowMs,
      oldestWriteAtMs: startedAtMs,
      oldestTombstoneAtMs: startedAtMs,
    }
    const seqs = { seqMin: this.#firstSeq + this.#flushedWrites, seqMax: this.#lastSeq }
    const facts = { ancestry, ...seqs }
    const inOrder = insertOrder === 'ordered' && draws === 0
    const place = (keys: number) => Math.round(Math.min(keys / shape.model.keys, 1) * KEY_SPACE)
    const from = inOrder ? place(this.#insertedBefore) : 0
    const to = inOrder ? place(this.#insertedBefore + inserts) : KEY_SPACE
    const width = (to - from) / KEY_SPACE
    const density = densityOf(shape.model, this.#memtable, width, this.#random)
    const make: Parameters<SimulatedTree['flush']>[1] = ({ bitsPerKey }, context) =>
      this.#substance.flush({ from, to, density }, bitsPerKey, facts, context)
    this.tree.flush(this.#lastSeq, make, onFlushed)
    this.#insertedBefore += inserts
    this.#flushedWrites = this.writes
    this.#memtable = emptyMemtable(this.#random, this.#choice)
  }
}
