/**
 * Owns the exact tree after F whole buffers of unique keys, for any F, T, K and Z. It follows from
 * F written in base T (for K-LSM in mixed bases T_1, T_2 …): digit i, of weight T^(i−1), is the
 * number of arrivals that level i holds, since every T-th arrival goes on with all of its level. A
 * level is the deepest only during its first cycle of T arrivals. So that cycle obeys Z and all
 * later ones K, which is why lazy leveling writes 6 to 7 % more than its closed form. Derived here
 * from Dostoevsky §4 and App. D (preemptive merging).
 */

import { arrivalsPerRun, type KLsmPoint, limitAt, ratioAt, sum } from './fluid-point.ts'
import { cycleCopies } from './write-cost.ts'

export interface LoadedTree {
  /** Sizes of runs in buffers, newest first; the papers' level 1 first. */
  readonly levels: readonly (readonly number[])[]
  /** Buffers written by merges and by flushes that stay as runs. */
  readonly papersBuffers: number
  /** Buffers written when every flush is first a run of level 0. */
  readonly levelZeroRunBuffers: number
}

export function loadedTree(point: KLsmPoint, buffers: number): LoadedTree {
  const levels: number[][] = []
  let papersBuffers = 0
  let restingFlushes = 0
  let unit = 1
  for (let depth = 0; unit <= buffers; depth++) {
    const T = ratioAt(point, depth)
    const arrivals = Math.floor(buffers / unit)
    const first = limitAt(point, depth, true)
    const later = limitAt(point, depth, false)
    const cycles = cyclesOf(arrivals, T, first, later)
    papersBuffers += unit * sum(cycles.map(({ K, held, times }) => times * cycleCopies(T, K, held)))
    if (depth === 0) {
      const begun = ({ K, held, times }: Cycles) => times * Math.ceil(held / arrivalsPerRun(T, K))
      restingFlushes = sum(cycles.map(begun))
    }
    levels.push(runsHeld(arrivalsPerRun(T, arrivals < T ? first : later), arrivals % T, unit))
    unit *= T
  }
  return { levels, papersBuffers, levelZeroRunBuffers: papersBuffers + buffers - restingFlushes }
}

/** Equal cycles of a level: `held` arrivals stayed in at most K runs, so many times. */
interface Cycles {
  readonly K: number
  readonly held: number
  readonly times: number
}

function cyclesOf(arrivals: number, T: number, first: number, later: number): readonly Cycles[] {
  if (arrivals < T) return [{ K: first, held: arrivals, times: 1 }]
  return [
    { K: first, held: T - 1, times: 1 },
    { K: later, held: T - 1, times: Math.floor(arrivals / T) - 1 },
    { K: later, held: arrivals % T, times: 1 },
  ]
}

function runsHeld(perRun: number, held: number, unit: number): number[] {
  const runs = Array.from({ length: Math.floor(held / perRun) }, () => perRun * unit)
  return held % perRun === 0 ? runs : [(held % perRun) * unit, ...runs]
}
