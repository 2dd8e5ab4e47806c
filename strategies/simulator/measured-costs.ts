/**
 * Owns the measured costs of a design: the exact simulator loads N entries of unique keys, updates
 * keys drawn evenly from them until the tree is steady, and counts block I/Os of each kind of
 * operation on the trees between the flushes (or the load alone is counted). The costs have the
 * definitions of the model (`../model/workload-cost.ts`), so the two can be compared. Operations
 * that read do not change the tree, so one run serves every mix.
 *
 * Counted are entries, runs, and the rates of the filters' bits by the engine's own curve. A tree
 * depends on its data in memtables, not in bytes, so the entries of the simulation are short and
 * its tables whole runs; sizes are not rounded to blocks.
 */

import { ManualClock } from '../../engine/base/clock.ts'
import { createRandom, deriveSeed, type Random } from '../../engine/base/random.ts'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { STRATEGIES } from '../catalog.ts'
import { engineCurve } from '../model/false-positives.ts'
import { parametersOf } from '../model/tuner.ts'
import type { ByOperation, TuningEnvironment } from '../model/workload-cost.ts'
import { ExactSimulator } from './exact-simulator.ts'
import type { SimulatedEvent } from './simulated-event.ts'

export interface MeasuredDesign {
  /** See `strategyOf`: the rates of a run are read from its tables. */
  readonly strategy: CompactionStrategy
  /** Memtables that all entries fill: kept exactly, at the price of a few entries more. */
  readonly buffers: number
}

/** A target size that no table reaches. */
const WHOLE_RUN_BYTES = 2 ** 40

/** The strategy of a design of the tuner, with tables that are whole runs. */
export function strategyOf(
  design: Parameters<typeof parametersOf>[0],
  filters: TuningEnvironment['filters'],
): CompactionStrategy {
  const module = STRATEGIES.get(design.strategy)!
  const params = { ...parametersOf(design, filters), targetTableBytes: WHOLE_RUN_BYTES }
  return module.create(module.parse(params))
}

/** How long a tree is updated, in updates for each entry. */
export interface MeasuredLife {
  /** Updates that are not counted. */
  readonly before: number
  /** Updates after which counting may end; see `measureCosts`. */
  readonly least: number
  /** Updates in all. */
  readonly most: number
}

const STEADY_LIFE: MeasuredLife = { before: 1, least: 4, most: 64 }

export interface MeasuredCosts {
  readonly ios: ByOperation
  readonly writeAmplification: number
  /** Entries of the tree ÷ N: mean, most between merges, and most during one. */
  readonly spaceMean: number
  readonly spaceMost: number
  readonly spacePeak: number
  /** Filter bits of the tree ÷ N, the mean. */
  readonly filterBitsPerRecord: number
  /** Updates counted, for each entry. */
  readonly updates: number
  /** Whether these are whole turns of the tree. */
  readonly isWhole: boolean
}

const KEY_BYTES = 4
const ENTRY_BYTES = 64
const SLICE_WRITES = 4096

/**
 * A turn ends when a merge writes a run of all N entries; then the tree is where it was after the
 * turn before, unless it became deeper. Counting begins with a turn and ends with one of the same
 * depth, so that every state of the tree counts with its share of time. A tree without such turns
 * is counted to the end of its life. Yields the share of the longest life that is done.
 */
export function* measureCosts(
  { strategy, buffers }: MeasuredDesign,
  environment: TuningEnvironment,
  seed: number,
  life: MeasuredLife = STEADY_LIFE,
): Generator<number, MeasuredCosts, undefined> {
  const { blockBytes } = environment
  // Whole entries in a memtable, and so many memtables of them as asked.
  const memtableEntries = Math.ceil(environment.entries / buffers)
  const entries = Math.round(memtableEntries * buffers)
  const meter = new CostMeter(entries, createRandom(deriveSeed(seed, 'reads')))
  const simulator = new ExactSimulator({
    strategy,
    memtableBytes: memtableEntries * ENTRY_BYTES,
    clock: new ManualClock(),
    blocks: { blockBytes, restartInterval: 16 },
    onEvent: (event) => meter.note(event),
  })
  const keys = Array.from({ length: entries }, (_, index) => keyOf(index))
  const write = (index: number) => {
    meter.write(index, simulator)
    simulator.put(keys[index]!, ENTRY_BYTES - KEY_BYTES)
  }
  for (let index = 0; index < entries; index++) {
    write(index)
    if (index % SLICE_WRITES === 0) yield environment.life === 'load' ? index / entries : 0
  }
  if (environment.life === 'load') {
    simulator.flush()
    return { ...meter.costs(environment), isWhole: true }
  }
  const random = createRandom(deriveSeed(seed, 'writes'))
  const [writesBefore, writesMost] = [life.before * entries, life.most * entries]
  let countedFrom = NO_TURN
  for (let done = 1; done <= writesMost; done++) {
    const before = meter.lastTurn
    write(random.nextBelow(entries))
    if (done % SLICE_WRITES === 0) yield done / writesMost
    if (done === writesBefore) meter.restart()
    const turn = meter.lastTurn
    if (turn === before || done <= writesBefore) continue
    if (turn.level > countedFrom.level) {
      countedFrom = turn
      meter.restart()
    } else if (meter.counted >= life.least * entries) {
      return { ...meter.costs(environment), isWhole: true }
    }
  }
  return { ...meter.costs(environment), isWhole: false }
}

/** Keys of equal length in hashed order: multiplication by an odd number permutes 32 bits. */
function keyOf(index: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  new DataView(key.buffer).setUint32(0, Math.imul(index, 0x9e3779b1) >>> 0)
  return key
}

/** A merge that wrote all entries into one run. */
interface Turn {
  readonly level: number
}

const NO_TURN: Turn = { level: -1 }

/** A run as lookups see it. */
interface ReadRun {
  /** Of its newest entry; all of an older run are older. */
  readonly seqMax: number
  /** Rates of all newer runs. */
  readonly newerRates: number
}

/** Sums over the updates since `restart`. */
class CostMeter {
  lastTurn = NO_TURN
  counted = 0
  readonly #entries: number
  readonly #random: Random
  /** The newest sequence number of each key. */
  readonly #newest: Float64Array
  #seq = 0
  /** Keys written so far, the first of all. */
  #known = 0
  #flushes = 0
  #stored = 0
  /** Of the tree since the last flush. */
  #runs: readonly ReadRun[] = []
  #rates = 0
  #filterBits = 0
  /** Sums. */
  #zeroReads = 0
  #reads = 0
  #seeks = 0
  #storedSum = 0
  #filterBitsSum = 0
  #entriesWritten = 0
  #entriesRead = 0
  #storedMost = 0
  #storedPeak = 0

  constructor(entries: number, random: Random) {
    this.#entries = entries
    this.#random = random
    this.#newest = new Float64Array(entries)
  }

  restart(): void {
    this.counted = 0
    this.#zeroReads = 0
    this.#reads = 0
    this.#seeks = 0
    this.#storedSum = 0
    this.#filterBitsSum = 0
    this.#entriesWritten = 0
    this.#entriesRead = 0
    this.#storedMost = 0
    this.#storedPeak = 0
  }

  /** Counts an operation of each kind, and then the write of a key. */
  write(index: number, { tree }: ExactSimulator): void {
    if (tree.counts.flushes !== this.#flushes) this.#look(tree.version)
    this.#flushes = tree.counts.flushes
    this.counted++
    this.#zeroReads += this.#rates
    this.#seeks += this.#runs.length
    if (this.#known > 0) {
      this.#reads += this.#readIos(this.#random.nextBelow(this.#known))
      this.#storedSum += this.#stored / this.#known
      this.#filterBitsSum += this.#filterBits / this.#known
    }
    this.#storedMost = Math.max(this.#storedMost, this.#stored)
    this.#newest[index] = ++this.#seq
    this.#known = Math.max(this.#known, index + 1)
  }

  note({ kind, removed, added }: SimulatedEvent): void {
    const read = entriesOf(removed)
    const written = entriesOf(added)
    this.#storedPeak = Math.max(this.#storedPeak, this.#stored + written)
    this.#stored += written - read
    if (kind === 'flush' || kind === 'merge') this.#entriesWritten += written
    if (kind !== 'merge') return
    this.#entriesRead += read
    const whole = added.find(({ totals }) => totals.entries === this.#entries)
    if (whole !== undefined) this.lastTurn = { level: whole.level }
  }

  costs(environment: TuningEnvironment): Omit<MeasuredCosts, 'isWhole'> {
    const { entryBytes, blockBytes, longScanEntries, sequentialSpeedup } = environment
    const { counted } = this
    const entriesPerBlock = blockBytes / entryBytes
    const spaceMean = this.#storedSum / counted
    const copiesWritten = this.#entriesWritten / counted
    const moved = this.#entriesRead / counted + environment.writeToRead * copiesWritten
    const shortScans = this.#seeks / counted
    const transferred = (longScanEntries / entriesPerBlock) * spaceMean
    return {
      ios: {
        zeroReads: this.#zeroReads / counted,
        reads: this.#reads / counted,
        shortScans,
        longScans: shortScans + transferred / sequentialSpeedup,
        writes: moved / entriesPerBlock / sequentialSpeedup,
      },
      writeAmplification: copiesWritten,
      spaceMean,
      spaceMost: this.#storedMost / this.#entries,
      spacePeak: this.#storedPeak / this.#entries,
      filterBitsPerRecord: this.#filterBitsSum / counted,
      updates: counted / this.#entries,
    }
  }

  #look(version: Version): void {
    const runs: ReadRun[] = []
    this.#rates = 0
    this.#filterBits = 0
    for (const { run } of runsNewestFirst(version)) {
      const { seqMax, bits, rate } = filterOf(run)
      runs.push({ seqMax, newerRates: this.#rates })
      this.#rates += rate
      this.#filterBits += bits
    }
    this.#runs = runs
  }

  /** A block of the run that has the newest version, and blocks that newer filters let pass. */
  #readIos(index: number): number {
    const seq = this.#newest[index]!
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const { seqMax, newerRates } = this.#runs[at]!
      if (seq <= seqMax) return 1 + newerRates
    }
    return 0
  }
}

function filterOf(run: Run) {
  let seqMax = 0
  let bits = 0
  let passed = 0
  for (const { seqMax: newest, entries, filter } of tablesOf(run)) {
    const bitsPerKey = filter.kind === 'none' ? 0 : filter.bitsPerKey
    seqMax = Math.max(seqMax, newest)
    bits += bitsPerKey * entries
    passed += engineCurve(bitsPerKey) * entries
  }
  return { seqMax, bits, rate: passed / run.totals.entries }
}

function entriesOf(parts: SimulatedEvent['added']): number {
  return parts.reduce((sum, { totals }) => sum + totals.entries, 0)
}
