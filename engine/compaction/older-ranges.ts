/**
 * Answers the question that decides about a tombstone: may a table older than the output still hold
 * this key? The answer is data, so that it can travel with a job: the key ranges of the older
 * tables, united.
 */

import { compareBytes, compareRanges } from '../base/compare.ts'
import {
  endsAfter,
  endsBefore,
  type KeyRange,
  lastStartingBy,
  overlaps,
  rangeUntil,
} from '../version/key-range.ts'
import { overlapping, sliceTables } from '../version/run.ts'
import type { TableId } from '../version/table-meta.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'

/**
 * The key ranges of tables older than `position`, except those in `except`, as far as they overlap
 * `within`. They ascend and are disjoint.
 */
export function olderRanges(
  version: Version,
  position: number,
  except: ReadonlySet<TableId>,
  within: KeyRange,
): readonly KeyRange[] {
  const tables = runsNewestFirst(version)
    .slice(Math.floor(position) + 1)
    .flatMap(({ run }) => {
      const { from, to } = overlapping(run, within)
      return sliceTables(run, from, to)
    })
  return united(tables.filter((table) => !except.has(table.id)))
}

/** The same keys as ranges that ascend and are disjoint. */
export function united(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const joined: KeyRange[] = []
  const ascending = ranges.toSorted((a, b) => compareBytes(a.smallest, b.smallest))
  for (const range of ascending) {
    const last = joined.at(-1)
    if (last === undefined || endsBefore(last, range.smallest)) {
      joined.push(rangeUntil(range.smallest, range))
    } else if (endsAfter(range, last)) {
      joined[joined.length - 1] = rangeUntil(last.smallest, range)
    }
  }
  return joined
}

/** Whether one of `ranges`, which ascend and are disjoint, has a key in common with `range`. */
export function meetsAny(ranges: readonly KeyRange[], range: KeyRange): boolean {
  const last = lastStartingBy(ranges, range.largest)
  // If the last one starts at an open end of `range`, it is the one before that counts.
  return [ranges[last], ranges[last - 1]].some(
    (other) => other !== undefined && overlaps(other, range),
  )
}

/** A walk along ranges that ascend and are disjoint, for keys that never descend. */
export class RangeWalk {
  readonly #ranges: readonly KeyRange[]
  #index = -1

  constructor(ranges: readonly KeyRange[]) {
    this.#ranges = ranges
  }

  /** Whether a range holds the key. */
  covers(bytes: Uint8Array, start: number, length: number): boolean {
    const ranges = this.#ranges
    if (ranges.length === 0) return false
    if (this.#index < 0) {
      this.#index = Math.max(lastStartingBy(ranges, bytes.subarray(start, start + length)), 0)
    }
    while (this.#index < ranges.length && isPast(ranges[this.#index]!, bytes, start, length)) {
      this.#index++
    }
    const range = ranges[this.#index]
    return range !== undefined && compareTo(range.smallest, bytes, start, length) <= 0
  }
}

/** Whether the range ends before the key. */
function isPast(
  { largest, isOpen }: KeyRange,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  const order = compareTo(largest, bytes, start, length)
  return order < 0 || (order === 0 && isOpen === true)
}

function compareTo(key: Uint8Array, bytes: Uint8Array, start: number, length: number): number {
  return compareRanges(key, 0, key.length, bytes, start, length)
}
