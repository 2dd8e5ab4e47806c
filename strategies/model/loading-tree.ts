/**
 * Owns the mean tree of a policy of whole levels while N entries of unique keys are loaded: from
 * empty to `buffers` memtables, in the form of `steady-tree.ts`. Each tree on the way is exact
 * (`loaded-tree.ts`); the mean is taken over evenly spaced ones, each with half a memtable.
 *
 * Sizes are shares of what is loaded at that moment. The chance that a level misses a key includes
 * that of the memtable and all newer levels, so `passed` is 1.
 */

import { asKLsm, type FluidPoint, type KLsmPoint, ratioAt, sum } from './fluid-point.ts'
import { loadedTree } from './loaded-tree.ts'
import type { TreeMeans } from './steady-tree.ts'

const TREES_MAX = 64

export function loadingTree(point: FluidPoint, buffers: number): TreeMeans {
  // A last memtable of less than half stays a run of level 0 (`shared-rules.ts`).
  const whole = Math.max(1, Math.round(buffers))
  const shape = asKLsm(point)
  const trees = Math.min(whole, TREES_MAX)
  const sums: Sums[] = []
  let passedMemtable = 0
  for (let tree = 0; tree < trees; tree++) {
    const flushed = Math.floor(((tree + 0.5) / trees) * whole)
    const loaded = flushed + 0.5
    let newer = 0.5 / loaded
    passedMemtable += 1 - newer
    for (const [depth, runs] of loadedTree(shape, flushed).levels.entries()) {
      sums[depth] ??= { runs: 0, stored: 0, missed: 0, missedStored: 0, runsMost: 0, storedMost: 0 }
      const level = sums[depth]
      level.runsMost = Math.max(level.runsMost, runs.length)
      level.storedMost = Math.max(level.storedMost, sum(runs) / loaded)
      for (const buffersOfRun of runs) {
        const size = buffersOfRun / loaded
        newer += size
        level.runs++
        level.stored += size
        level.missed += 1 - newer
        level.missedStored += (1 - newer) * size
      }
    }
  }
  const means = sums.map(({ runs, stored, missed, missedStored, ...most }) => ({
    ...most,
    rewritten: null,
    runs: runs / trees,
    stored: stored / trees,
    missed: missed / trees,
    missedStored: missedStored / trees,
    passed: 1,
  }))
  const end = loadedTree(shape, whole)
  const copiesWritten = end.levelZeroRunBuffers / whole
  return {
    levels: end.levels.length,
    means,
    inTree: passedMemtable / trees,
    copiesWritten,
    // Unique keys: a merge writes what it reads, and a flush reads nothing.
    copiesRead: copiesWritten - 1,
    spaceMean: sum(means.map(({ stored }) => stored)),
    spaceMost: 1,
    spacePeak: mostDuringMerge(shape, whole) / whole,
  }
}

/** Buffers stored by the last merge into each level, its inputs included; the most of them. */
function mostDuringMerge(shape: KLsmPoint, whole: number): number {
  let most = whole
  for (let unit = 1; unit <= whole; unit *= ratioAt(shape, 0)) {
    const flushed = Math.floor(whole / unit) * unit
    const written = loadedTree(shape, flushed).levels.find((runs) => runs.length > 0)![0]!
    if (written > 1) most = Math.max(most, flushed + written)
  }
  return most
}

interface Sums {
  runs: number
  stored: number
  missed: number
  missedStored: number
  runsMost: number
  storedMost: number
}
