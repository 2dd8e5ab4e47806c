/**
 * Owns the read path: the memtables, then the runs, newest first. Invariant (recency): the first
 * source that has a version of the key visible at the reader's sequence number has the newest such
 * version.
 */

import type { InternalCursor } from '../base/internal-cursor.ts'
import type { SeqNum } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { MergingCursor } from '../iterators/merging-cursor.ts'
import { RunCursor } from '../iterators/run-cursor.ts'
import {
  MemTableDeletions,
  RunDeletions,
  type SourceDeletions,
} from '../iterators/source-deletions.ts'
import { UndeletedCursor } from '../iterators/undeleted-cursor.ts'
import type { MemTable } from '../memtable/memtable.ts'
import { tableFor } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { runCount, type Version } from '../version/version.ts'
import type { DatabaseCounters } from './metrics.ts'
import type { ReadView } from './read-view.ts'
import type { TableHandles } from './table-handles.ts'

export class Reads {
  readonly #handles: TableHandles
  readonly #counters: Pick<DatabaseCounters, 'gets' | 'scans'>
  readonly #collects: boolean
  readonly #lookup = new Lookup()

  /** `collects`: value-log collection does the lookups; they do not count as reads of tables. */
  constructor(
    handles: TableHandles,
    counters: Pick<DatabaseCounters, 'gets' | 'scans'>,
    collects = false,
  ) {
    this.#handles = handles
    this.#counters = counters
    this.#collects = collects
  }

  /**
   * The newest version at or before `seq`, which may be a tombstone, or null. Borrowed until the
   * next call. `memtables`: newest first.
   */
  find(
    memtables: readonly MemTable[],
    version: Version,
    key: Uint8Array,
    seq: SeqNum,
  ): Lookup | null {
    const counters = this.#counters.gets
    const lookup = this.#lookup
    for (let index = 0; index < memtables.length; index++) {
      counters.memtablesProbed++
      if (memtables[index]!.get(key, seq, lookup)) return lookup
    }
    const { levels } = version
    for (let level = 0; level < levels.length; level++) {
      for (const run of levels[level]!.runs) {
        const table = tableFor(run, key)
        if (table === undefined) continue
        const handle = this.#handles.get(table, level)
        counters.runsProbed++
        if (this.#collects) {
          const file = this.#handles.collectFile(handle, level)
          if (handle.reader.get(key, seq, lookup, counters, file)) return lookup
        } else {
          handle.reads++
          if (handle.reader.get(key, seq, lookup, counters)) return lookup
        }
      }
    }
    return null
  }

  /**
   * All versions of all entries of the view, except those that a range deletion deletes at `seq`.
   * The caller keeps the view pinned.
   */
  cursor({ memtables, version }: ReadView, seq: SeqNum): InternalCursor {
    const counters = this.#counters.scans
    counters.memtablesProbed += memtables.length
    counters.runsProbed += runCount(version)
    const runs = version.levels.flatMap((level, index) =>
      level.runs.map(
        (run) => new RunCursor(run, (table) => this.#handles.scanCursor(table, index, counters)),
      ),
    )
    const merged = new MergingCursor([...memtables.map((memtable) => memtable.cursor()), ...runs])
    const deletions = this.#deletions(memtables, version)
    return deletions === null ? merged : new UndeletedCursor(merged, deletions, seq)
  }

  /** The range deletions of each source, newest first; null if there are none. */
  #deletions(
    memtables: readonly MemTable[],
    version: Version,
  ): readonly (SourceDeletions | null)[] | null {
    const ofMemtables = memtables.map(({ rangeDeletions }) => rangeDeletions)
    const hasSome = ofMemtables.some((deletions) => deletions !== null)
    if (!hasSome && version.totals.rangeDeletions === 0) return null
    const ofRuns = version.levels.flatMap((level, index) =>
      level.runs.map((run) => {
        if (run.totals.rangeDeletions === 0) return null
        const read = (table: TableMeta) => this.#handles.get(table, index).reader.rangeDeletions
        return new RunDeletions(run, read)
      }),
    )
    return [
      ...ofMemtables.map((deletions) => deletions && new MemTableDeletions(deletions)),
      ...ofRuns,
    ]
  }
}
