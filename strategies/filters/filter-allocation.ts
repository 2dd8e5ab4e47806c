/**
 * Owns the seam of filter allocation: how a budget of filter bits is divided among the runs of a
 * tree. A lookup of an absent key asks every run, so what counts is the sum of the runs' false
 * positive rates. Pure; sizes in, bits out.
 */

/** The share of absent keys a filter of so many bits a key lets through; 1 for no bits. */
export type FilterCurve = (bitsPerKey: number) => number

/**
 * Filter bits per key of each run, in the order of `entries` (keys a run, all above 0). Together
 * they use at most `bitsPerKey` · Σ entries bits.
 */
export type FilterAllocation = (
  entries: readonly number[],
  bitsPerKey: number,
  curve: FilterCurve,
) => readonly number[]

/** Runs a lookup of an absent key reads in vain: the sum of the runs' false positive rates. */
export function falsePositives(bits: readonly number[], curve: FilterCurve): number {
  return bits.reduce((sum, bitsPerKey) => sum + curve(bitsPerKey), 0)
}
