/** Owns the parameters every strategy here declares alike. */

import { z } from 'zod'
import type { TreeView } from '../engine/compaction/strategy.ts'

export const bitsPerKey = z
  .number()
  .min(0)
  .max(64)
  .default(10)
  .describe(
    'Filter bits per distinct key, the same in every run; 0: no filters. 10 is what the RocksDB ' +
      'and LevelDB manuals recommend, and what Dostoevsky and Sarkar et al. measure with.',
  )

export const targetTableBytes = z
  .number()
  .int()
  .min(0)
  .default(0)
  .describe(
    'Raw bytes at which an output table is closed; 0: the memtable size. RocksDB: 64 MB, equal ' +
      'to its memtable; LevelDB: 2 MB.',
  )

export function tableBytes(view: TreeView, params: { readonly targetTableBytes: number }): number {
  return params.targetTableBytes === 0 ? view.memtableBytes : params.targetTableBytes
}
