/**
 * Owns an independent count of what a load of whole buffers of unique keys writes: run sizes per
 * level as plain integers, straight from the papers' words (Dostoevsky, SIGMOD '18, §4 and App. D),
 * with nothing of the strategies, the stepper or the engine.
 *
 *   A level takes T − 1 arrivals, each as large as all T arrivals of the level above. The T-th goes
 *   one level deeper with everything the level holds; levels full at once go in one merge. A level
 *   holds at most K runs, the deepest at most Z: its newest run takes ⌈(T − 1)/K⌉ arrivals (⌈(T −
 *   1)/Z⌉), then the next run begins.
 *
 * Two conventions. The papers merge the buffer itself: a flush is written only where it stays a run
 * of its own. The level-0-run convention of this engine writes every flush, then merges it; a flush
 * that stays is a run already, or moves freely, so it costs no second write. Both come of one pass:
 * merges + resting flushes, and merges + all flushes.
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
  /** Run sizes by the papers' levels, newest run first; index 0 is their level 1. */
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
 * Copies written per entry after a load of F = T^levels − 1 buffers: Σ over levels of
 * (T − 1)(T − 1 + K)/(2KT), the last with Z for K. Exact for preemptive merging with a last level
 * that was always last; null where K or Z does not divide T − 1, since runs are then uneven.
 */
export function closedFormCopies({ T, K, Z }: CountShape, levels: number): number | null {
  if ((T - 1) % K !== 0 || (T - 1) % Z !== 0) return null
  const perLevel = (runs: number) => ((T - 1) * (T - 1 + runs)) / (2 * runs * T)
  return perLevel(K) * (levels - 1) + perLevel(Z)
}

function total(runs: readonly number[]): number {
  return runs.reduce((sum, run) => sum + run, 0)
}
