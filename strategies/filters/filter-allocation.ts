/**
 * Owns the seam of filter allocation: how a budget of filter bits is divided among the runs of a
 * tree. A lookup of an absent key asks every run, so the sum of the runs' false-positive rates is
 * to be small. Pure functions from sizes to bits.
 */

/** The share of absent keys that pass a filter of so many bits per key; 1 for no bits. */
export type FilterCurve = (bitsPerKey: number) => number

/**
 * Filter bits per key of each run, in the order of `entries` (keys per run, all above 0). Together
 * they use at most `bitsPerKey` · Σ entries bits.
 */
export type FilterAllocation = (
  entries: readonly number[],
  bitsPerKey: number,
  curve: FilterCurve,
) => readonly number[]

/** Expected runs that a lookup of an absent key reads in vain: the sum of the runs' rates. */
export function falsePositives(bits: readonly number[], curve: FilterCurve): number {
  return bits.reduce((sum, bitsPerKey) => sum + curve(bitsPerKey), 0)
}
