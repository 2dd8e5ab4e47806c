/**
 * Owns the spec of a full merge: all tables of the tree become one run. Invariant: the run takes
 * the place of the oldest one. There is no older table, so the merge drops every deletion and every
 * version that no snapshot sees.
 */

import { tablesOf } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'
import type { FilterPolicy, MergeSpec, TreeView } from './strategy.ts'

/**
 * The merge of all runs, or null for an empty tree. Its tables get the filter of the oldest run's,
 * and the raw size of a memtable. The strategy's state stays as it is.
 */
export function fullMerge({ version, state, memtableBytes }: TreeView): MergeSpec | null {
  const runs = runsNewestFirst(version)
  const oldest = runs.at(-1)
  if (oldest === undefined) return null
  const [table] = tablesOf(oldest.run)
  const filter: FilterPolicy = { bitsPerKey: table!.filter.bitsPerKey }
  return {
    kind: 'merge',
    inputs: runs.map(({ level, run }) => ({ level, run: run.id, tables: 'all' })),
    outputs: [
      {
        place: { level: oldest.level, after: null },
        fromKey: null,
        targetTableBytes: memtableBytes,
        cutKeys: [],
        filter,
      },
    ],
    nextState: state,
    reason: { trigger: 'manual', formula: 'compact()', values: { runs: runs.length } },
  }
}
