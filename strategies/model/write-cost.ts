/**
 * Owns what an entry costs to write: c, the copies written of it in one level, by each source's
 * assumptions, and sums of c over a tree. A sum is write amplification in the papers' convention:
 * the buffer is merged straight into level 1, so level 1's term includes the flush; a write-ahead
 * log adds 1. With the flush written as a run of level 0 first (this engine's convention), flushes
 * that do not rest as runs of level 1 cost one copy more: `levelZeroRunExtra`.
 *
 * The sources agree at K = 1 and K = T − 1 up to one arrival a level; between, Dostoevsky's Eq 12
 * overestimates (T = 10, K = 3: 2.25 where 1.80 are written).
 */

import { arrivalsPerRun } from './fluid-point.ts'

/** Copies per entry in one level of size ratio T with at most K runs. */
export type LevelCopies = (T: number, K: number) => number

/** (T − 1)/(K + 1): Dostoevsky Eq 12, and Monkey Eq 10 at K = 1 and K = T − 1. */
export const copiesDostoevsky: LevelCopies = (T, K) => (T - 1) / (K + 1)

/** (T − 1 + K)/(2K): Endure's code and K-LSM; Luo & Carey (T/2 and 1) at K = 1 and K = T − 1. */
export const copiesEndure: LevelCopies = (T, K) => (T - 1 + K) / (2 * K)

/**
 * Exact for a preemptive cascade, in which the T-th arrival is not written to the level it fills:
 * (T − 1)(T − 1 + K)/(2KT) where K divides T − 1 (derived here; the simulator agrees exactly).
 * Elsewhere the sum it stands for: the p-th arrival of a cycle rewrites the open run.
 */
export const copiesPreemptive: LevelCopies = (T, K) => cycleCopies(T, K, T - 1) / T

/** (T + K)/(2K): exact where all T arrivals are written and then spilled (derived here). */
export const copiesSpilling: LevelCopies = (T, K) => (T + K) / (2 * K)

/** Σ_i c(T_i, K_i): write amplification in the papers' convention. */
export function copiesOfTree(
  copies: LevelCopies,
  ratios: readonly number[],
  limits: readonly number[],
): number {
  return limits.reduce((total, K, index) => total + copies(ratios[index]!, K), 0)
}

/**
 * Copies added per entry when every flush is written as a run of level 0: 1 less the share of
 * flushes that stay as runs, one for each run begun in level 1, in T. (Derived here, for a tree in
 * the long run; `loadedTree` counts finite loads.)
 */
export function levelZeroRunExtra(T: number, firstLevelRuns: number): number {
  return 1 - Math.ceil((T - 1) / arrivalsPerRun(T, firstLevelRuns)) / T
}

/**
 * Units written by the first `arrivals` (< T) of a cycle: the p-th joins the (p − 1) mod c that the
 * open run already has, c = ⌈(T − 1)/K⌉.
 */
export function cycleCopies(T: number, K: number, arrivals: number): number {
  const perRun = arrivalsPerRun(T, K)
  const whole = Math.floor(arrivals / perRun)
  const rest = arrivals % perRun
  return (whole * perRun * (perRun + 1) + rest * (rest + 1)) / 2
}

/**
 * Wacky Eq 14 (LSM-bush, SIGMOD '19), in copies: C/a_L + Σ_{i<L} (r_i − 1)/(a_i + 1), for updates
 * of a tree whose last level is full and C times as large as the rest. The last term is C/a_L
 * (leveling: T − 1), not (T − 1)/2, because each arrival rewrites the whole full last level.
 */
export function copiesOfUpdates(
  ratios: readonly number[],
  runs: readonly number[],
  C: number,
): number {
  const last = runs.length - 1
  return runs.reduce(
    (total, a, index) => total + (index === last ? C / a : (ratios[index]! - 1) / (a + 1)),
    0,
  )
}

/** Properties of the device that turn copies into I/O cost. */
export interface WriteDevice {
  /** B: entries in a block. */
  readonly entriesPerBlock: number
  /** φ: cost of writing a block ÷ reading it. */
  readonly writeToRead: number
  /** μ: speed of sequential ÷ random transfer. */
  readonly sequentialSpeedup: number
}

/** (1 + φ)/B · copies: block I/Os per update, with the merges' reads (Monkey Eq 10, Endure). */
export function updateIos(copies: number, device: WriteDevice): number {
  const { entriesPerBlock, writeToRead, sequentialSpeedup } = device
  return ((1 + writeToRead) * copies) / (entriesPerBlock * sequentialSpeedup)
}

/** φ/(μB) · copies: only writes counted (Dostoevsky Eq 12). */
export function updateWriteIos(copies: number, device: WriteDevice): number {
  const { entriesPerBlock, writeToRead, sequentialSpeedup } = device
  return (writeToRead * copies) / (sequentialSpeedup * entriesPerBlock)
}
