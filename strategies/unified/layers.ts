/**
 * Owns what is asked of a layer, the tables of one run that lie in a bucket: its bytes, its keys,
 * and its form as an input. A layer is never empty.
 */

import type { InputSlice } from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { chunkAt, sliceTables, tableAt } from '../../engine/version/run.ts'
import { rawBytes } from '../../engine/version/table-meta.ts'
import type { Bucket, Layer } from './shards.ts'

/** Raw bytes of a bucket's tables. */
export function bytesOf({ layers }: Bucket): number {
  return layers.reduce((sum, layer) => sum + rawBytesOf(layer), 0)
}

/** By the sums of the chunks that lie in the layer, so that few tables are looked at. */
function rawBytesOf({ run, from, to }: Layer): number {
  let bytes = 0
  for (let chunk = chunkAt(run, from); chunk < run.chunks.length; chunk++) {
    const first = run.firstIndexes[chunk]!
    if (first >= to) break
    const { tables, totals } = run.chunks[chunk]!
    if (from <= first && first + tables.length <= to) {
      bytes += totals.rawBytes
      continue
    }
    for (let at = Math.max(from - first, 0); at < Math.min(to - first, tables.length); at++) {
      bytes += rawBytes(tables[at]!)
    }
  }
  return bytes
}

/** The keys from the layer's first table to its last. */
export function rangeOf({ run, from, to }: Layer): KeyRange {
  return { smallest: tableAt(run, from).smallest, largest: tableAt(run, to - 1).largest }
}

/** The layer as the input of a merge or a move. */
export function sliceOf(level: number, { run, from, to }: Layer): InputSlice {
  const isWhole = to - from === run.totals.tables
  return { level, run: run.id, tables: isWhole ? 'all' : sliceTables(run, from, to) }
}
