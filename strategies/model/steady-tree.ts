/**
 * Owns the tree of a policy of whole levels in a steady state: N entries of unique keys were
 * loaded, and since then keys drawn evenly from them are updated. The data does not grow, but
 * obsolete versions fill the levels. The rules are those of the strategies
 * (`../whole-levels/shared-rules.ts`, static sizing), applied to expected sizes: u updates hold
 * N·(1 − e^(−u/N)) distinct keys. Derived here.
 *
 * Invariant: a level above the deepest gets equal arrivals, takes n − 1 of them, passes on with the
 * n-th, and is empty again. So its states repeat, and states of different levels are independent,
 * like the digits of a counter. Means over a tree are therefore sums and products over levels.
 *
 * All sizes are shares of N, and updates are counted in N.
 */

import { assert } from '../../engine/base/assert.ts'
import { arrivalsPerRun, type FluidPoint, sum } from './fluid-point.ts'
import { levelsEndure } from './levels.ts'

/** Means over the states of a level; runs are ordered newest first. */
export interface LevelMeans {
  readonly runs: number
  /** Σ of the runs' sizes. */
  readonly stored: number
  /**
   * Σ over runs of the chance that neither the run nor a newer one of the level has a key: the
   * filters that a lookup asks in vain. In `missedStored` each run counts by its size.
   */
  readonly missed: number
  readonly missedStored: number
  /** The chance that no run of the level has a key. */
  readonly passed: number
  /** Of any state, not means. */
  readonly runsMost: number
  readonly storedMost: number
  /** Σ of the inputs of the run of all keys when it is written; null for other levels. */
  readonly rewritten: number | null
}

/** A tree on average over its life. */
export interface TreeMeans {
  readonly levels: number
  /**
   * Newest first. In a steady tree the memtable, without runs, is the first, and the oldest run,
   * which has all keys, stands alone at the end.
   */
  readonly means: readonly LevelMeans[]
  /** The chance that a key is not in the memtable. */
  readonly inTree: number
  /** Entries that flushes and merges write for each write; a write-ahead log adds 1. */
  readonly copiesWritten: number
  /** Entries that merges read for each write. */
  readonly copiesRead: number
  /** Entries of the tree ÷ N: the mean, and the most between two merges. */
  readonly spaceMean: number
  readonly spaceMost: number
  /** The most while a merge still has its inputs. */
  readonly spacePeak: number
}

/** The steady tree of `buffers` = N·E/M_buf memtables of data. */
export function steadyTree(point: FluidPoint, buffers: number): TreeMeans {
  const updates = 1 / buffers
  const size = sizeOf(0, updates)
  const flush: Arrival = { loaded: 0, updates, size, inputs: 1, inputSize: size }
  const loadedLevels = levelsEndure(Math.max(1, Math.floor(buffers)), point.T)
  const upper: Cycle[] = []
  let arrival = flush
  for (;;) {
    const depth = upper.length
    if (depth >= loadedLevels - 1) {
      const deepest = new Level(point.T, point.Z, depth, buffers, true)
      // Only the level that the load ended in has runs of it; one below gets all keys at once.
      if (depth === loadedLevels - 1) deepest.load(Math.floor(buffers / point.T ** depth + 1e-9))
      else deepest.push(1, 0)
      const cycle = deepestCycle(deepest, arrival)
      if (cycle !== null) return treeOf(flush, upper, cycle)
    }
    const cycle = cycleOf(new Level(point.T, point.K, depth, buffers, false), arrival)
    upper.push(cycle)
    if (cycle.passedOn === null) {
      assert(depth >= loadedLevels - 1, 'a level above the deepest of a load becomes full')
      return treeOf(flush, upper, WITHOUT_ARRIVALS)
    }
    arrival = cycle.passedOn
  }
}

/** What a level gets at once: the merge of its inputs. */
interface Arrival {
  /** Share of the keys that came from the load. */
  readonly loaded: number
  /** Updates that came to it. */
  readonly updates: number
  readonly size: number
  readonly inputs: number
  /** Σ of their sizes, by which the strategies count. */
  readonly inputSize: number
}

/** Work and means of a level; work is for each update. */
interface Cycle {
  readonly means: readonly LevelMeans[]
  readonly written: number
  readonly read: number
  readonly storedMost: number
  /** The most that a merge into this level occupies, with everything newer. */
  readonly peak: number
  /** Null if the level never becomes full. */
  readonly passedOn: Arrival | null
}

/** After so many updates of each key a run has practically all of them: e^−40 are missing. */
const UPDATES_MAX = 40

/** The one run of all keys. */
const ALL_KEYS: LevelMeans = {
  runs: 1,
  stored: 1,
  missed: 0,
  missedStored: 0,
  passed: 0,
  runsMost: 1,
  storedMost: 1,
  rewritten: 1,
}

/** The deepest level below one that is never full: it keeps what it has. */
const WITHOUT_ARRIVALS: Cycle = {
  means: [ALL_KEYS],
  written: 0,
  read: 0,
  storedMost: 1,
  peak: 0,
  passedOn: null,
}

/** Of a run that got this share of the keys from the load, and so many updates. */
function sizeOf(loaded: number, updates: number): number {
  return loaded > 1 - 1e-9 ? 1 : 1 - (1 - loaded) * Math.exp(-updates)
}

/** A run, with sums over it and all older runs of its level, as in `LevelMeans`. */
interface StackedRun {
  readonly loaded: number
  readonly updates: number
  readonly size: number
  readonly stored: number
  readonly missed: number
  readonly missedStored: number
  readonly passed: number
}

const NO_RUNS: LevelMeans = {
  runs: 0,
  stored: 0,
  missed: 0,
  missedStored: 0,
  passed: 1,
  runsMost: 0,
  storedMost: 0,
  rewritten: null,
}

const NO_RUN: StackedRun = {
  loaded: 0,
  updates: 0,
  size: 0,
  stored: 0,
  missed: 0,
  missedStored: 0,
  passed: 1,
}

/** The runs of a level and the work done in it. Level `depth` + 1 of the papers. */
class Level {
  written = 0
  read = 0
  peak = 0
  /** Σ of the inputs of the last merge. */
  inputSizeLast = 0
  /** Oldest first. */
  readonly #runs: StackedRun[] = []
  readonly #deepest: boolean
  readonly #runsMost: number
  readonly #unit: number
  readonly #perRun: number
  /** As `limitsOf` of the strategies: from this size on the T-th arrival has come. */
  readonly #fullSize: number
  /** A run of less takes the next arrival. */
  readonly #openSize: number

  constructor(T: number, runsMost: number, depth: number, buffers: number, deepest: boolean) {
    const perRun = arrivalsPerRun(T, runsMost)
    this.#deepest = deepest
    this.#runsMost = runsMost
    this.#unit = T ** depth / buffers
    this.#perRun = perRun
    this.#fullSize = (T - 0.5) * this.#unit
    this.#openSize = (runsMost === 1 ? Infinity : perRun === 1 ? 0 : perRun - 0.5) * this.#unit
  }

  /** The newest run. */
  get top(): StackedRun {
    return this.#runs.at(-1) ?? NO_RUN
  }

  get runs(): number {
    return this.#runs.length
  }

  /** Share of the keys that came from the load. */
  get loadedShare(): number {
    return sum(this.#runs.map(({ loaded }) => loaded))
  }

  get isOneRunOfAllKeys(): boolean {
    return this.#runs.length === 1 && this.top.size === 1
  }

  /** The runs that a load of so many arrivals leaves. */
  load(arrivals: number): void {
    for (let held = 0; held < arrivals; held += this.#perRun) {
      this.push(Math.min(this.#perRun, arrivals - held) * this.#unit, 0)
    }
  }

  push(loaded: number, updates: number): number {
    const size = sizeOf(loaded, updates)
    const { stored, missed, missedStored, passed } = this.top
    const absent = 1 - size
    this.#runs.push({
      loaded,
      updates,
      size,
      stored: stored + size,
      missed: absent * (1 + missed),
      missedStored: absent * (size + missedStored),
      passed: absent * passed,
    })
    return size
  }

  /** False if the level passes everything on instead. */
  take(arrival: Arrival): boolean {
    const { stored } = this.top
    if (stored + arrival.inputSize >= this.#fullSize) return false
    const isCrowded = this.#runs.length >= this.#runsMost && this.top.size >= this.#openSize
    if (isCrowded && !this.#deepest) return false
    let { loaded, updates, inputSize } = arrival
    const before = this.#runs.length
    while (this.#runs.length > 0 && (isCrowded || this.top.size < this.#openSize)) {
      const run = this.#runs.pop()!
      loaded += run.loaded
      updates += run.updates
      inputSize += run.size
    }
    const isMerge = arrival.inputs > 1 || this.#runs.length < before
    const size = this.push(loaded, updates)
    if (!isMerge) return true
    this.written += size
    this.read += inputSize
    this.inputSizeLast = inputSize
    this.peak = Math.max(this.peak, arrival.inputSize + stored + size)
    return true
  }

  /** What it passes on together with an arrival. */
  all(arrival: Arrival): Arrival {
    let { loaded, updates, inputSize } = arrival
    for (const run of this.#runs) {
      loaded += run.loaded
      updates += run.updates
      inputSize += run.size
    }
    const inputs = arrival.inputs + this.#runs.length
    return { loaded, updates, size: sizeOf(loaded, updates), inputs, inputSize }
  }
}

/** The states of a level above the deepest, from empty until it passes on. */
function cycleOf(level: Level, arrival: Arrival): Cycle {
  const states = new States()
  for (;;) {
    states.add(level.top, level.runs)
    if (!level.take(arrival)) return states.cycle(level, arrival, level.all(arrival))
    if (level.top.updates > UPDATES_MAX) return lastState(level, arrival)
  }
}

/** A level that has all keys and is not full: its last state lasts. */
function lastState(level: Level, arrival: Arrival): Cycle {
  const states = new States()
  level.written = 0
  level.read = 0
  level.take(arrival)
  states.add(level.top, level.runs)
  return states.cycle(level, arrival, null)
}

/**
 * The states of the deepest level from one run of all keys until it is that again; null if it
 * becomes full, so that all goes one level deeper.
 */
function deepestCycle(level: Level, arrival: Arrival): Cycle | null {
  // The first arrival brings what the load left in the levels above.
  const first = { ...arrival, loaded: 1 - level.loadedShare }
  for (let next = first; !level.isOneRunOfAllKeys; next = arrival) {
    if (!level.take(next)) return null
  }
  const states = new States()
  level.written = 0
  level.read = 0
  do {
    states.add(level.top, level.runs)
    if (!level.take(arrival)) return null
  } while (!level.isOneRunOfAllKeys)
  const cycle = states.cycle(level, arrival, null)
  const oldest = { ...ALL_KEYS, rewritten: level.inputSizeLast }
  return { ...cycle, means: cycle.means.flatMap((all) => [withoutOldest(all), oldest]) }
}

/** Without the run of all keys, which is never asked in vain. */
function withoutOldest(all: LevelMeans): LevelMeans {
  return {
    runs: all.runs - 1,
    stored: all.stored - 1,
    missed: all.missed,
    missedStored: all.missedStored,
    passed: all.passed,
    runsMost: all.runsMost - 1,
    storedMost: all.storedMost - 1,
    rewritten: null,
  }
}

/** Sums over the states of a level. Each lasts from one arrival to the next. */
class States {
  #count = 0
  #runs = 0
  #stored = 0
  #missed = 0
  #missedStored = 0
  #passed = 0
  #runsMost = 0
  #storedMost = 0

  add({ stored, missed, missedStored, passed }: StackedRun, runs: number): void {
    this.#count++
    this.#runs += runs
    this.#stored += stored
    this.#missed += missed
    this.#missedStored += missedStored
    this.#passed += passed
    this.#runsMost = Math.max(this.#runsMost, runs)
    this.#storedMost = Math.max(this.#storedMost, stored)
  }

  cycle({ written, read, peak }: Level, arrival: Arrival, passedOn: Arrival | null): Cycle {
    const count = this.#count
    const updates = count * arrival.updates
    const means = {
      runs: this.#runs / count,
      stored: this.#stored / count,
      missed: this.#missed / count,
      missedStored: this.#missedStored / count,
      passed: this.#passed / count,
      runsMost: this.#runsMost,
      storedMost: this.#storedMost,
      rewritten: null,
    }
    return {
      means: [means],
      written: written / updates,
      read: read / updates,
      storedMost: this.#storedMost,
      peak,
      passedOn,
    }
  }
}

function treeOf(flush: Arrival, upper: readonly Cycle[], deepest: Cycle): TreeMeans {
  const cycles = [...upper, deepest]
  const { size, updates } = flush
  // The mean of e^−u while the memtable fills.
  const inTree = size / updates
  const memtable = { ...NO_RUNS, passed: inTree }
  const means = [memtable, ...cycles.flatMap((cycle) => cycle.means)]
  let below = 0
  let spacePeak = 0
  for (const { storedMost, peak } of cycles.toReversed()) {
    spacePeak = Math.max(spacePeak, peak + below)
    below += storedMost
  }
  return {
    levels: cycles.length,
    means,
    inTree,
    copiesWritten: size / updates + sum(cycles.map(({ written }) => written)),
    copiesRead: sum(cycles.map(({ read }) => read)),
    spaceMean: sum(means.map(({ stored }) => stored)),
    spaceMost: below,
    spacePeak: Math.max(spacePeak, below),
  }
}
