/**
 * Owns how deep a tree is for F buffers of data (F = N·E/M_buf) at size ratio T, and how much each
 * level holds. The two published forms differ in what level i may hold: T^i buffers in Dostoevsky,
 * (T − 1)·T^(i−1) if the T-th arrival cascades, as here and in Endure. Here the full tree of L
 * levels therefore has F = T^L − 1 buffers, and Endure's form is exact.
 */

/** Runs of one level, all of one size. */
export interface LevelRuns {
  readonly runs: number
  /** In each run. */
  readonly entries: number
}

/** L = ⌈log_T(F·(T − 1)/T)⌉: Monkey and Dostoevsky Eq 1; at least 1. */
export function levelsDostoevsky(F: number, T: number): number {
  return ceilLog((F * (T - 1)) / T, T)
}

/** L = ⌈log_T(F + 1)⌉: Endure's code; exact where the T-th arrival cascades. At least 1. */
export function levelsEndure(F: number, T: number): number {
  return ceilLog(F + 1, T)
}

/** Buffers of a full tree, T^L − 1: where the closed forms are exact. */
export function fullTreeBuffers(T: number, levels: number): number {
  return T ** levels - 1
}

/** The size ratio at which Eq 1 gives one level: leveling is a sorted array, tiering a log. */
export function sizeRatioLimit(F: number): number {
  return F
}

/**
 * N entries over the levels of a full tree with these ratios and run limits, level 1 first: level i
 * has (T_i − 1)·T_1 … T_(i−1) parts of them, in runs of one size.
 */
export function fullTreeRuns(
  ratios: readonly number[],
  limits: readonly number[],
  entries: number,
): readonly LevelRuns[] {
  let unit = 1
  const parts = ratios.map((T) => {
    const part = (T - 1) * unit
    unit *= T
    return part
  })
  return limits.map((runs, index) => ({
    runs,
    entries: (entries * parts[index]!) / (unit - 1) / runs,
  }))
}

/** The least whole L ≥ 1 with T^L ≥ x, counted in products: log(64)/log(4) is above 3. */
function ceilLog(x: number, T: number): number {
  let levels = 1
  for (let size = T; size < x; size *= T) levels++
  return levels
}
