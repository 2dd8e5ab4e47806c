/** Owns the allocation every LSM engine starts with: as many bits for a key in one run as another. */

export function uniform(entries: readonly number[], bitsPerKey: number): readonly number[] {
  return entries.map(() => bitsPerKey)
}
