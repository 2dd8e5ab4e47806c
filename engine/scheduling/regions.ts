/**
 * Owns the regions of a job: which keys it changes at which positions of the recency order, and
 * whether two regions meet. `reservations.ts` says why regions that do not meet are safe.
 */

import { compareBytes } from '../base/compare.ts'
import type { ResolvedSpec } from '../compaction/resolved-spec.ts'
import { outputAt, partWithin } from '../compaction/validate-spec.ts'
import { hull, type KeyRange, lastStartingBy, overlaps } from '../version/key-range.ts'
import { printKey } from '../version/text.ts'

/** Keys, and positions of `resolved-spec.ts`. Both ends of both belong to the region. */
export interface Region extends KeyRange {
  readonly newest: number
  readonly oldest: number
}

/**
 * The regions of a job. Gaps of a slice count as keys of the slice, so the regions also keep other
 * jobs from adding a table into a slice.
 */
export function regionsOf({ spec, inputs, outputs }: ResolvedSpec): readonly Region[] {
  const slices = inputs.map(({ tables, position }) => ({
    smallest: tables[0]!.smallest,
    largest: tables.at(-1)!.largest,
    position,
  }))
  if (spec.kind === 'drop') {
    return slices.map(({ smallest, largest, position }) => ({
      smallest,
      largest,
      newest: position,
      oldest: Number.POSITIVE_INFINITY,
    }))
  }
  const arriving = outputs.map(({ position }) => {
    const parts: KeyRange[] = []
    return { parts, newest: position, oldest: position }
  })
  for (const slice of slices) {
    // Only the outputs that it reaches: a spec may have many thousands of both.
    for (let at = outputAt(outputs, slice.smallest); at < outputs.length; at++) {
      const part = partWithin(slice, outputs[at]!)
      if (part === null) break
      const own = arriving[at]!
      own.parts.push(part)
      own.newest = Math.min(own.newest, slice.position)
      own.oldest = Math.max(own.oldest, slice.position)
    }
  }
  return arriving.flatMap(({ parts, newest, oldest }) => {
    const range = hull(parts)
    return range === null ? [] : [{ ...range, newest, oldest }]
  })
}

/**
 * The first region of `wanted` that meets one of `taken`, and the first of `taken` that it meets;
 * null if none meet. A merge into guards has many thousands of regions, so `taken` is sorted, and a
 * region is compared only with those that its keys reach.
 */
export function meetingPair(
  wanted: readonly Region[],
  taken: readonly Region[],
): readonly [Region, Region] | null {
  const sorted = taken
    .map((region, at) => ({ at, smallest: region.smallest, region }))
    .sort((a, b) => compareBytes(a.smallest, b.smallest))
  /** Of each place in `sorted`: the largest key of the regions up to it. */
  const reach: Uint8Array[] = []
  for (const { region } of sorted) reach.push(largerKey(reach.at(-1), region.largest))
  for (const own of wanted) {
    let first: (typeof sorted)[number] | null = null
    let place = lastStartingBy(sorted, own.largest)
    for (; place >= 0 && compareBytes(reach[place]!, own.smallest) >= 0; place--) {
      const other = sorted[place]!
      if (meet(other.region, own) && (first === null || other.at < first.at)) first = other
    }
    if (first !== null) return [own, first.region]
  }
  return null
}

export function printRegion({ smallest, largest, newest, oldest }: Region): string {
  return `[${printKey(smallest)},${printKey(largest)}] at positions ${newest} to ${oldest}`
}

function meet(a: Region, b: Region): boolean {
  return a.newest <= b.oldest && b.newest <= a.oldest && overlaps(a, b)
}

function largerKey(a: Uint8Array | undefined, b: Uint8Array): Uint8Array {
  return a !== undefined && compareBytes(a, b) > 0 ? a : b
}
