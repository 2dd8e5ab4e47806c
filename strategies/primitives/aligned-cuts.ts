/**
 * Owns where a merge's output is cut so that runs can later be merged part by part. All outputs are
 * cut where tables of one run begin, the anchor: a few tables of each run then cover the same range
 * and reach into no other. Runs that are cut by size alone overlap like bricks in a wall, and a
 * merge of a few tables draws in all the others.
 *
 *   anchor    [ 0 ][ 1 ][ 2 ][ 3 ][ 4 ][ 5 ][ 6 ][ 7 ]
 *   output    [-------][--------][---------][--------]     every second border
 *
 * An output with fewer tables than the anchor takes every second, fourth, … border, counted from
 * the anchor's first table. So its borders are also borders of any output with more tables.
 */

import type { MergeOutput } from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type Run, tableAt } from '../../engine/version/run.ts'

/** How the tables of an output end. */
export type Cuts = Pick<MergeOutput, 'targetTableBytes' | 'cutKeys'>

/**
 * Cuts an output of about `rawBytes` in `range` into tables of about `tableBytes`: at borders of
 * the anchor, and in equal pieces between them where the anchor has fewer tables. Without an anchor
 * all pieces are equal.
 */
export function cutsAlong(
  anchor: Run | undefined,
  range: KeyRange,
  rawBytes: number,
  tableBytes: number,
): Cuts {
  const cutKeys: Uint8Array[] = []
  if (anchor !== undefined) {
    const { from, to } = overlapping(anchor, range)
    const tables = rawBytes / tableBytes
    const step = 2 ** Math.max(0, Math.round(Math.log2((to - from) / tables)))
    // What lies before the first table in the range stays with it.
    for (let at = step * Math.floor(from / step + 1); at < to; at += step) {
      cutKeys.push(tableAt(anchor, at).smallest)
    }
  }
  return { targetTableBytes: pieceBytes(rawBytes, cutKeys.length + 1, tableBytes), cutKeys }
}

/**
 * Raw bytes at which tables end so that an output of at most `rawBytes`, which is cut into `parts`,
 * becomes pieces near `tableBytes`. The pieces of one part are equal. Several parts may differ in
 * size: where a part is a little larger than the mean, its last piece takes the rest.
 */
export function pieceBytes(rawBytes: number, parts: number, tableBytes: number): number {
  const partBytes = rawBytes / parts
  const pieces = Math.round(partBytes / tableBytes)
  if (pieces < 2) return 2 * tableBytes
  return Math.ceil(partBytes / (parts === 1 ? pieces : pieces - 0.25))
}
