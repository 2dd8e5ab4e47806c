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
}

export interface SteadyTree {
  /** Levels that hold runs, including the deepest. */
  readonly levels: number
  /** Newest first. The last is one run of all keys; newer runs of its level stand before it. */
  readonly means: readonly LevelMeans[]
  /** The chance that the memtable does not have a key. */
  readonly passedMemtable: number
  /** Entries that flushes and merges write for each update; a write-ahead log adds 1. */
  readonly copiesWritten: number
  /** Entries that merges read for each update. */
  readonly copiesRead: number
  /** Entries of the tree ÷ N: the mean, and the most between two merges. */
  readonly spaceMean: number
  readonly spaceMost: number
  /** The most while a merge still has its inputs. */
  readonly spacePeak: number
}

/** The steady tree of `buffers` = N·E/M_buf memtables of data. */
export function steadyTree(point: FluidPoint, buffers: number): SteadyTree {
  const updates = 1 / buffers
  const flushed = runOf(0, updates)
  const flush: Arrival = { run: flushed, inputs: 1, inputSize: flushed.size }
  const loadedLevels = levelsEndure(Math.max(1, Math.floor(buffers)), point.T)
  const cycles: Cycle[] = []
  let arrival: Arrival | null = flush
  for (let depth = 0; depth < loadedLevels - 1; depth++) {
    const cycle: Cycle = cycleOf(upperLevel(point, depth, buffers), arrival!)
    cycles.push(cycle)
    arrival = cycle.passedOn
    assert(arrival !== null, 'a level above the deepest of a load becomes full')
  }
  let runs = loadedRuns(point, loadedLevels - 1, buffers)
  for (;;) {
    const deepest = deepestLevel(point, cycles.length, buffers)
    const last = deepestCycle(deepest, arrival!, runs)
    if (!('allOf' in last)) return treeOf(flush, cycles, last)
    runs = [last.allOf]
    const cycle = cycleOf(upperLevel(point, cycles.length, buffers), arrival!)
    cycles.push(cycle)
    arrival = cycle.passedOn
    if (arrival === null) return treeOf(flush, cycles, WITHOUT_ARRIVALS)
  }
}

/** A run of expected size. */
interface ExpectedRun {
  /** Share of the keys that came from the load. */
  readonly loaded: number
  /** Updates that came to it. */
  readonly updates: number
  readonly size: number
}

/** What a level gets at once. */
interface Arrival {
  /** The inputs merged. */
  readonly run: ExpectedRun
  readonly inputs: number
  /** Σ of their sizes, by which the strategies count. */
  readonly inputSize: number
}

interface Level {
  readonly runsMost: number
  readonly deepest: boolean
  /** From this size on the T-th arrival has come. */
  readonly fullSize: number
  /** A run of less takes the next arrival. */
  readonly openSize: number
}

/** Work and means of a level; work is for each update. */
interface Cycle {
  readonly means: readonly LevelMeans[]
  readonly written: number
  readonly read: number
  readonly storedMost: number
  /** The most that a merge into this level and everything newer occupy. */
  readonly peak: number
  /** Null if the level never becomes full. */
  readonly passedOn: Arrival | null
}

/** After this many updates of each key a run has all of them: e^−40 are missing. */
const UPDATES_MAX = 40

/** The one run of all keys, which no lookup asks in vain. */
const ALL_KEYS: LevelMeans = { runs: 1, stored: 1, missed: 0, missedStored: 0, passed: 0 }

/** The deepest level below one that is never full: it keeps what was loaded. */
const WITHOUT_ARRIVALS: Cycle = {
  means: [ALL_KEYS],
  written: 0,
  read: 0,
  storedMost: 1,
  peak: 0,
  passedOn: null,
}

function runOf(loaded: number, updates: number): ExpectedRun {
  const size = loaded > 1 - 1e-9 ? 1 : 1 - (1 - loaded) * Math.exp(-updates)
  return { loaded, updates, size }
}

function merged(runs: readonly ExpectedRun[]): ExpectedRun {
  return runOf(sum(runs.map(({ loaded }) => loaded)), sum(runs.map(({ updates }) => updates)))
}

function sizeOf(runs: readonly ExpectedRun[]): number {
  return sum(runs.map(({ size }) => size))
}

const upperLevel = ({ T, K }: FluidPoint, depth: number, buffers: number) =>
  levelOf(T, K, depth, buffers, false)
const deepestLevel = ({ T, Z }: FluidPoint, depth: number, buffers: number) =>
  levelOf(T, Z, depth, buffers, true)

/** Level `depth` + 1: `limitsOf` of the strategies. */
function levelOf(T: number, runsMost: number, depth: number, buffers: number, deepest: boolean) {
  const unit = T ** depth / buffers
  const perRun = arrivalsPerRun(T, runsMost)
  const openArrivals = runsMost === 1 ? Infinity : perRun === 1 ? 0 : perRun - 0.5
  return { runsMost, deepest, fullSize: (T - 0.5) * unit, openSize: openArrivals * unit }
}

/** Runs of the deepest level after the load: `loadedTree` has all levels of it. */
function loadedRuns({ T, Z }: FluidPoint, depth: number, buffers: number): ExpectedRun[] {
  const unit = T ** depth / buffers
  const arrivals = Math.floor(1 / unit + 1e-9)
  const perRun = arrivalsPerRun(T, Z)
  const runs: ExpectedRun[] = []
  for (let held = 0; held < arrivals; held += perRun) {
    runs.unshift(runOf(Math.min(perRun, arrivals - held) * unit, 0))
  }
  return runs
}

/** A level after an arrival; work and space of the merge that it caused, 0 without one. */
interface Taken {
  readonly runs: readonly ExpectedRun[]
  readonly written: number
  readonly read: number
  readonly peak: number
}

/** Null if the level passes everything on instead. */
function take(level: Level, runs: readonly ExpectedRun[], arrival: Arrival): Taken | null {
  const stored = sizeOf(runs)
  if (stored + arrival.inputSize >= level.fullSize) return null
  const closedAt = runs.findIndex(({ size }) => size >= level.openSize)
  const open = closedAt === -1 ? runs.length : closedAt
  const isCrowded = open === 0 && runs.length >= level.runsMost
  if (isCrowded && !level.deepest) return null
  const joined = isCrowded ? runs.length : open
  if (joined === 0 && arrival.inputs === 1) {
    return { runs: [arrival.run, ...runs], written: 0, read: 0, peak: 0 }
  }
  const run = merged([arrival.run, ...runs.slice(0, joined)])
  return {
    runs: [run, ...runs.slice(joined)],
    written: run.size,
    read: arrival.inputSize + sizeOf(runs.slice(0, joined)),
    peak: arrival.inputSize + stored + run.size,
  }
}

/** The states of a level above the deepest, from empty until it passes on. */
function cycleOf(level: Level, arrival: Arrival): Cycle {
  const states = new States(arrival)
  let runs: readonly ExpectedRun[] = []
  for (let arrivals = 1; ; arrivals++) {
    states.add(runs)
    const taken = take(level, runs, arrival)
    if (taken === null) {
      const all = [arrival.run, ...runs]
      const inputSize = arrival.inputSize + sizeOf(runs)
      const passedOn = { run: merged(all), inputs: runs.length + arrival.inputs, inputSize }
      return states.cycle(passedOn)
    }
    if (arrivals * arrival.run.updates > UPDATES_MAX) return lastState(arrival, taken)
    states.did(taken)
    runs = taken.runs
  }
}

/** A level that has all keys and is not full: its last state lasts. */
function lastState(arrival: Arrival, taken: Taken): Cycle {
  const states = new States(arrival)
  states.add(taken.runs)
  states.did(taken)
  return states.cycle(null)
}

/**
 * The states of the deepest level from one run of all keys until it is that again. If it becomes
 * full, everything goes one level deeper as one run: that run.
 */
function deepestCycle(
  level: Level,
  arrival: Arrival,
  loaded: readonly ExpectedRun[],
): Cycle | { readonly allOf: ExpectedRun } {
  let runs = loaded
  let states: States | null = null
  // The first arrival brings what the load left in the levels above.
  const left = 1 - sum(runs.map((run) => run.loaded))
  let next: Arrival = { ...arrival, run: runOf(left, arrival.run.updates) }
  for (;;) {
    if (runs.length === 1 && runs[0]!.size === 1) {
      if (states !== null) return states.cycle(null)
      states = new States(arrival)
    }
    states?.addDeepest(runs)
    const taken = take(level, runs, next)
    if (taken === null) return { allOf: runOf(1, 0) }
    states?.did(taken)
    runs = taken.runs
    next = arrival
  }
}

/** Sums over the states of a level. Each lasts from one arrival to the next. */
class States {
  readonly #arrival: Arrival
  #count = 0
  #runs = 0
  #stored = 0
  #missed = 0
  #missedStored = 0
  #passed = 0
  #written = 0
  #read = 0
  #storedMost = 0
  #peak = 0
  #base: readonly LevelMeans[] = []

  constructor(arrival: Arrival) {
    this.#arrival = arrival
  }

  add(runs: readonly ExpectedRun[]): void {
    let absent = 1
    let stored = 0
    for (const { size } of runs) {
      absent *= 1 - size
      stored += size
      this.#missed += absent
      this.#missedStored += absent * size
    }
    this.#count++
    this.#runs += runs.length
    this.#stored += stored
    this.#passed += absent
    this.#storedMost = Math.max(this.#storedMost, stored)
  }

  /** Counts the oldest run, which has all keys, apart. */
  addDeepest(runs: readonly ExpectedRun[]): void {
    this.add(runs.slice(0, -1))
    this.#base = [ALL_KEYS]
  }

  did({ written, read, peak }: Taken): void {
    this.#written += written
    this.#read += read
    this.#peak = Math.max(this.#peak, peak)
  }

  cycle(passedOn: Arrival | null): Cycle {
    const count = this.#count
    const updates = count * this.#arrival.run.updates
    const means = {
      runs: this.#runs / count,
      stored: this.#stored / count,
      missed: this.#missed / count,
      missedStored: this.#missedStored / count,
      passed: this.#passed / count,
    }
    return {
      means: [means, ...this.#base],
      written: this.#written / updates,
      read: this.#read / updates,
      storedMost: this.#storedMost + this.#base.length,
      peak: this.#peak,
      passedOn,
    }
  }
}

function treeOf(flush: Arrival, upper: readonly Cycle[], deepest: Cycle): SteadyTree {
  const cycles = [...upper, deepest]
  const means = cycles.flatMap((cycle) => cycle.means)
  const { size, updates } = flush.run
  let below = 0
  let spacePeak = 0
  for (const { storedMost, peak } of cycles.toReversed()) {
    spacePeak = Math.max(spacePeak, peak + below)
    below += storedMost
  }
  return {
    levels: cycles.length,
    means,
    passedMemtable: size / updates,
    copiesWritten: size / updates + sum(cycles.map(({ written }) => written)),
    copiesRead: sum(cycles.map(({ read }) => read)),
    spaceMean: sum(means.map(({ stored }) => stored)),
    spaceMost: below,
    spacePeak: Math.max(spacePeak, below),
  }
}
