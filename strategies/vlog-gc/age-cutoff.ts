/**
 * Owns cleaning by compactions: one that meets a pointer into the oldest `ageCutoff` of the
 * segments moves the value to a new segment (RocksDB's BlobDB,
 * `blob_garbage_collection_age_cutoff`). It looks up no liveness and writes no pointers of its own,
 * but a segment can only be removed when compactions have rewritten every pointer into it.
 */

import type { ValueLogPolicy } from '../../engine/compaction/value-log-policy.ts'

export interface AgeCutoffParameters {
  /** Share of the segments, oldest first, that count as old. */
  readonly ageCutoff: number
}

export function ageCutoff({ ageCutoff }: AgeCutoffParameters): ValueLogPolicy {
  return {
    name: 'age-cutoff',
    pick: () => null,
    relocateBelow({ segments }) {
      const old = Math.floor(segments.length * ageCutoff)
      return old === 0 ? 0 : segments[old - 1]!.segment + 1
    },
  }
}
