/**
 * Owns an independent count of the buffers that a load of whole buffers of unique keys writes. It
 * keeps run sizes per level as plain integers and follows the papers' words (Dostoevsky, SIGMOD
 * '18, §4 and App. D). It uses no code of the strategies, the stepper or the engine.
 *
 *   A level takes T − 1 arrivals, each as large as all T arrivals of the level above. The T-th
 *   arrival goes one level deeper together with everything the level holds. Levels that are full
 *   at the same time go in one merge. A level holds at most K runs, the deepest at most Z: its
 *   newest run takes ⌈(T − 1)/K⌉ arrivals (⌈(T − 1)/Z⌉), then the next run begins.
 *
 * There are two conventions. The papers merge the buffer itself: a flush is written only if it
 * stays as a separate run. The level-0-run convention of this engine writes every flush and then
 * merges it; a flush that stays is already a run, or moves for free, so it is not written twice.
 * One pass gives both: merges + flushes that stay, and merges + all flushes.
 */

export interface CountShape {
  readonly T: number
  readonly K: number
  readonly Z: number
}

/** In buffers, except `runs`. */
export interface Counted {
  readonly papersBuffers: number
  readonly levelZeroRunBuffers: number
  readonly runs: number
}

export function countBuffers({ T, K, Z }: CountShape, buffers: number): Counted {
  /** Run sizes by the papers' levels, newest run first; index 0 is the papers' level 1. */
  const levels: number[][] = []
  let merged = 0
  let resting = 0
  for (let buffer = 0; buffer < buffers; buffer++) {
    let carried = 1
    let depth = 0
    while (total(levels[depth] ?? []) === (T - 1) * T ** depth) {
      carried += total(levels[depth]!)
      levels[depth] = []
      depth++
    }
    if (levels[depth] === undefined) levels[depth] = []
    const runs = levels[depth]!
    const runsMax = depth === levels.length - 1 ? Z : K
    const runBuffersMax = Math.ceil((T - 1) / runsMax) * T ** depth
    if (runs.length > 0 && runs[0]! < runBuffersMax) carried += runs.shift()!
    if (carried === 1) resting++
    else merged += carried
    runs.unshift(carried)
  }
  return {
    papersBuffers: merged + resting,
    levelZeroRunBuffers: merged + buffers,
    runs: levels.reduce((sum, runs) => sum + runs.length, 0),
  }
}

/**
 * Copies written per entry after a load of F = T^levels − 1 buffers: Σ over levels of (T − 1)(T − 1
 * + K)/(2KT), with Z instead of K for the last level. Exact for preemptive merging with a last
 * level that was always last. Null if K or Z does not divide T − 1, because runs are then uneven.
 */
export function closedFormCopies({ T, K, Z }: CountShape, levels: number): number | null {
  if ((T - 1) % K !== 0 || (T - 1) % Z !== 0) return null
  const perLevel = (runs: number) => ((T - 1) * (T - 1 + runs)) / (2 * runs * T)
  return perLevel(K) * (levels - 1) + perLevel(Z)
}

function total(runs: readonly number[]): number {
  return runs.reduce((sum, run) => sum + run, 0)
}
