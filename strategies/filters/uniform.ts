/** Owns the default allocation of LSM engines: the same number of bits per key in every run. */

export function uniform(entries: readonly number[], bitsPerKey: number): readonly number[] {
  return entries.map(() => bitsPerKey)
}
