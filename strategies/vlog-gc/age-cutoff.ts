/**
 * Empties old segments on the way: a compaction that meets a pointer into the oldest `ageCutoff` of the
 * segments moves the value to a new one (RocksDB's BlobDB, `blob_garbage_collection_age_cutoff`). No
 * liveness is looked up and nothing is appended anew, but a segment goes only when compactions have
 * passed over all that points to it.
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
