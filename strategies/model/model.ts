/**
 * Owns predictions: every cost for which the papers have a formula, from a design and the data it
 * holds. A design has the name and parameters of the strategy catalog, so a result's configuration
 * can be used as it is. Costs are given for two trees: the full tree of that depth, which the
 * papers use and which is the worst case; and, for policies of whole levels, the exact tree after a
 * load of unique keys.
 */

import {
  divideAlong,
  divideIdeal,
  type FalsePositiveCurve,
  hullOf,
  idealCurve,
} from './false-positives.ts'
import {
  asKLsm,
  type KLsmPoint,
  lazyLeveling,
  leveling,
  ratioAt,
  ratiosOf,
  runLimits,
  sum,
  tiering,
} from './fluid-point.ts'
import { fullTreeRuns, type LevelRuns } from './levels.ts'
import { loadedTree } from './loaded-tree.ts'
import { partialWrites, uniformKeys } from './partial-leveling.ts'
import { existingInDeepestLevel, existingOf, zeroResultOf } from './point-lookup.ts'
import { transferIos } from './range-lookup.ts'
import { spaceExact } from './space.ts'
import { copiesOfTree, copiesOfUpdates, copiesPreemptive, levelZeroRunExtra } from './write-cost.ts'

/** In the form of a result's `config.strategy`. */
export interface Design {
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface Environment {
  /** Unique entries. */
  readonly entries: number
  /** Raw bytes of one entry: user key and value. */
  readonly entryBytes: number
  readonly memtableBytes: number
  readonly blockBytes: number
  /** Unique entries a long range returns. */
  readonly longRangeEntries: number
  /** μ: speed of sequential ÷ random transfer. */
  readonly sequentialSpeedup: number
  /** The filter's own curve; that of the ideal Bloom filter when left out. */
  readonly curve?: FalsePositiveCurve
}

/** Copies written per entry, in both conventions; a write-ahead log adds 1 to each. */
export interface Copies {
  /** The buffer is merged straight into level 1. */
  readonly papers: number
  /** Every flush is written as a run of level 0 first: this engine. */
  readonly levelZeroRun: number
}

/** Block reads per operation with nothing cached, and raw bytes stored per unique byte. */
export interface TreeFigures {
  readonly levels: number
  readonly runs: number
  readonly zeroResultIos: number
  readonly existingIos: number
  readonly shortRangeIos: number
  readonly longRangeIos: number
  readonly spaceAmplification: number
}

export interface Prediction {
  /** The full tree of this depth, in the worst case for space. */
  readonly full: TreeFigures
  /**
   * After a load of `entries` unique keys, to the nearest buffer; null if no exact form is known.
   */
  readonly loaded: TreeFigures | null
  readonly writes: {
    /** Loading unique keys up to the full tree. */
    readonly full: Copies | null
    /** Loading `entries` unique keys, counted in whole buffers. */
    readonly loaded: Copies | null
    /** Uniform updates of a full tree. */
    readonly updates: Copies
  }
}

/** Null if no closed form is known for this strategy and these parameters. */
export function predict(design: Design, environment: Environment): Prediction | null {
  const point = pointOf(design)
  if (point !== null) return predictWhole(point, design, environment)
  const { sizing } = design.params
  if (design.name === 'leveling-partial' && sizing !== 'dynamic') {
    return predictPartial(design, environment)
  }
  return null
}

/** The tree of a policy of whole levels. */
function pointOf({ name, params }: Design): KLsmPoint | null {
  const T = listOf(params.T)
  const ratio = T[0]
  if (ratio === undefined || !T.every((each) => each >= 2)) return null
  switch (name) {
    case 'leveling':
      return asKLsm(leveling(ratio))
    case 'tiering':
      return asKLsm(tiering(ratio))
    case 'lazy-leveling':
      return asKLsm(lazyLeveling(ratio))
    case 'fluid':
    case 'k-lsm': {
      const K = listOf(params.K)
      const Z = numberOr(params.Z, 0)
      return K.length > 0 && K.every((each) => each >= 1) ? { T, K, Z } : null
    }
    default:
      return null
  }
}

function predictWhole(point: KLsmPoint, design: Design, environment: Environment): Prediction {
  const { entries, entryBytes, memtableBytes, sequentialSpeedup } = environment
  const buffers = Math.max(1, Math.round((entries * entryBytes) / memtableBytes))
  const levels = levelsOf(point, buffers)
  const ratios = ratiosOf(point, levels)
  const limits = runLimits(point, levels)
  const deepest = { T: ratios.at(-1)!, K: 1, Z: limits.at(-1)! }
  const runs = sum(limits)
  const fullRuns = fullTreeRuns(ratios, limits, entries)
  const rates = ratesOf(fullRuns, design, environment)
  const zeroResultIos = zeroResultOf(fullRuns, rates)
  const extra = levelZeroRunExtra(ratios[0]!, limits[0]!)
  const both = (papers: number): Copies => ({ papers, levelZeroRun: papers + extra })
  const loaded = design.params.sizing === 'dynamic' ? null : loadedTree(point, buffers)
  const loadedRuns = loaded?.levels.flat().map((size) => ({
    runs: 1,
    entries: (size * entries) / buffers,
  }))
  return {
    full: {
      levels,
      runs,
      zeroResultIos,
      existingIos: existingInDeepestLevel(zeroResultIos, rates.at(-1)!, deepest.Z),
      shortRangeIos: runs,
      longRangeIos: runs + transferIos(deepest, rangeBlocks(environment), sequentialSpeedup),
      spaceAmplification: 1 + spaceExact(deepest),
    },
    loaded: loadedRuns ? figuresOf(levels, loadedRuns, 1, design, environment) : null,
    writes: {
      full: both(copiesOfTree(copiesPreemptive, ratios, limits)),
      loaded: loaded && {
        papers: loaded.papersBuffers / buffers,
        levelZeroRun: loaded.levelZeroRunBuffers / buffers,
      },
      updates: both(copiesOfUpdates(ratios, limits, deepest.T - 1)),
    },
  }
}

/** The least L whose full tree holds F buffers: Endure's form, for ratios that differ. */
function levelsOf(point: KLsmPoint, buffers: number): number {
  let levels = 1
  for (let size = ratioAt(point, 0); size < buffers + 1; levels++) size *= ratioAt(point, levels)
  return levels
}

/** Assumes levels 1 … L − 1 at their targets, all keys in level L, and level 0 half full. */
function predictPartial(design: Design, environment: Environment): Prediction | null {
  const { entries, entryBytes, memtableBytes } = environment
  const { params } = design
  const T = numberOr(params.T, 0)
  const l0Trigger = numberOr(params.l0Trigger, 0)
  const baseBytes = numberOr(params.baseBytes, 0) || memtableBytes
  if (T < 2 || l0Trigger < 1 || (params.multilevel ?? 'never') !== 'never') return null
  const isRocksDb = String(params.rules ?? '').startsWith('rocksdb')
  const softCuts = params.softCuts === 'by-rules' && isRocksDb ? 'rocksdb' : params.softCuts
  // RocksDB also merges level 0 when it has as many bytes as level 1 may hold.
  const runsByBytes = isRocksDb ? Math.ceil((baseBytes * T) / memtableBytes) : Infinity
  const levelZeroRuns = Math.min(l0Trigger, runsByBytes)
  const memtableRequests = memtableBytes / entryBytes
  const levelEntries: number[] = []
  for (let target = baseBytes * T; target < entries * entryBytes; target *= T) {
    levelEntries.push(target / entryBytes)
  }
  levelEntries.push(entries)
  const endsAtBorders = softCuts === 'rocksdb'
  const tree = { memtableRequests, levelZeroRuns, levelEntries, endsAtBorders }
  const { total, flush } = partialWrites(uniformKeys(entries), tree)
  const runs: LevelRuns[] = [
    { runs: (levelZeroRuns - 1) / 2, entries: memtableRequests },
    ...levelEntries.map((size) => ({ runs: 1, entries: size })),
  ]
  const space = sum(runs.map((level) => level.runs * level.entries)) / entries
  return {
    full: figuresOf(levelEntries.length, runs, space, design, environment),
    loaded: null,
    writes: {
      full: null,
      loaded: null,
      updates: { papers: total - flush / levelZeroRuns, levelZeroRun: total },
    },
  }
}

function figuresOf(
  levels: number,
  tree: readonly LevelRuns[],
  spaceAmplification: number,
  design: Design,
  environment: Environment,
): TreeFigures {
  const rates = ratesOf(tree, design, environment)
  const runs = sum(tree.map((level) => level.runs))
  const transferred = rangeBlocks(environment) * spaceAmplification
  return {
    levels,
    runs,
    zeroResultIos: zeroResultOf(tree, rates),
    existingIos: existingOf(tree, rates),
    shortRangeIos: runs,
    longRangeIos: runs + transferred / environment.sequentialSpeedup,
    spaceAmplification,
  }
}

/** Uniform unless the design says `filterAlloc: 'monkey'`. */
function ratesOf(
  tree: readonly LevelRuns[],
  { params }: Design,
  { curve = idealCurve }: Environment,
): readonly number[] {
  const bits = numberOr(params.bitsPerKey, 0)
  if (params.filterAlloc !== 'monkey') return tree.map(() => curve(bits))
  const bitsTotal = bits * sum(tree.map(({ runs, entries }) => runs * entries))
  return curve === idealCurve
    ? divideIdeal(tree, bitsTotal)
    : divideAlong(hullOf(curve), tree, bitsTotal)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** A number or a list of numbers as a list; empty if it is neither. */
function listOf(value: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.every((each) => typeof each === 'number') ? list : []
}

function rangeBlocks({ longRangeEntries, entryBytes, blockBytes }: Environment): number {
  return (longRangeEntries * entryBytes) / blockBytes
}
