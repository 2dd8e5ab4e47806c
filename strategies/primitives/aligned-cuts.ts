/**
 * Owns where a merge's output is cut so that its tables end where tables of an older run begin.
 * Runs that are cut alike can later be merged part by part: a few tables of each cover the same
 * range and reach into no other. Runs that are cut by size alone overlap like bricks in a wall, and
 * a merge of a few tables draws in all the others.
 *
 *   older run    [---][---][---][---][---][---][---][---]
 *   output       [--------][--------][--------][--------]     every second border
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { MergeOutput } from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type Run, tableAt } from '../../engine/version/run.ts'

/** How the tables of an output end. */
export type Cuts = Pick<MergeOutput, 'targetTableBytes' | 'cutKeys'>

/**
 * Cuts an output of about `rawBytes` in `range` into tables of about `tableBytes`: at every n-th
 * border of `older` where that has more tables, in equal pieces between its borders where it has
 * fewer, and in equal pieces without an older run.
 */
export function cutsAlong(
  older: Run | undefined,
  range: KeyRange,
  rawBytes: number,
  tableBytes: number,
): Cuts {
  if (older === undefined)
    return { targetTableBytes: pieceBytes(rawBytes, tableBytes), cutKeys: [] }
  const { from, to } = overlapping(older, range)
  const step = Math.max(1, Math.round(((to - from) * tableBytes) / rawBytes))
  const cutKeys: Uint8Array[] = []
  // Counted from the run's first table, so that all outputs beside it take the same borders.
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    const { smallest } = tableAt(older, at)
    if (compareBytes(smallest, range.smallest) > 0) cutKeys.push(smallest)
  }
  const stretchBytes = rawBytes / (cutKeys.length + 1)
  return { targetTableBytes: pieceBytes(stretchBytes, tableBytes), cutKeys }
}

/**
 * Raw bytes at which tables end so that `rawBytes` become equal pieces near `tableBytes`. If the
 * estimate is a little low, the last piece takes the rest.
 */
export function pieceBytes(rawBytes: number, tableBytes: number): number {
  const pieces = Math.round(rawBytes / tableBytes)
  return pieces < 2 ? 2 * tableBytes : Math.ceil(rawBytes / (pieces - 0.25))
}
