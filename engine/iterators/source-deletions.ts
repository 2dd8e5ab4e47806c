/**
 * Owns what a scan asks of the range deletions of one source, a memtable or a run: between which
 * keys does the same deletion, or none, hold at the scan's snapshot?
 *
 * Invariant: the answer is a span that holds the key. Deletions that are added later are newer than
 * the snapshot, so a span stays true as long as the scan lives.
 */

import { compareBytes } from '../base/compare.ts'
import { NOT_DELETED, newestAt, type RangeDeletions } from '../base/range-deletions.ts'
import { lowerBound, type Run, tableAt } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'

/** Keys with the same newest deletion. The ends are the source's own and must not be changed. */
export class DeletionSpan {
  /** Inclusive; null: no bound. */
  from: Uint8Array | null = null
  /** Exclusive; null: no bound. */
  to: Uint8Array | null = null
  /** The newest deletion at or before the snapshot, or `NOT_DELETED`. */
  seq = NOT_DELETED
}

/** The range deletions of one source. */
export interface SourceDeletions {
  /** Sets `span` to the one that holds `key`. */
  spanAt(key: Uint8Array, snapshot: number, span: DeletionSpan): void
}

/** The deletions of a memtable. */
export class MemTableDeletions implements SourceDeletions {
  readonly #deletions: RangeDeletions

  constructor(deletions: RangeDeletions) {
    this.#deletions = deletions
  }

  spanAt(key: Uint8Array, snapshot: number, span: DeletionSpan): void {
    setSpan(this.#deletions, key, snapshot, span)
  }
}

/** The deletions of a run. A table is opened when the scan first comes to its keys. */
export class RunDeletions implements SourceDeletions {
  readonly #run: Run
  readonly #read: (table: TableMeta) => RangeDeletions | null

  /** `read` returns the range deletions of a table that has some. */
  constructor(run: Run, read: (table: TableMeta) => RangeDeletions | null) {
    this.#run = run
    this.#read = read
  }

  spanAt(key: Uint8Array, snapshot: number, span: DeletionSpan): void {
    const run = this.#run
    const { tables } = run.totals
    const index = lowerBound(run, key)
    const table = index < tables ? tableAt(run, index) : null
    span.seq = NOT_DELETED
    if (table === null || compareBytes(key, table.smallest) < 0) {
      // Between two tables. If the first is not open, nothing deletes its last key.
      span.from = index > 0 ? tableAt(run, index - 1).largest : null
      span.to = table?.smallest ?? null
      return
    }
    span.from = null
    span.to = null
    const deletions = table.rangeDeletions === 0 ? null : this.#read(table)
    if (deletions !== null) setSpan(deletions, key, snapshot, span)
    span.from ??= table.smallest
    span.to ??= index + 1 < tables ? tableAt(run, index + 1).smallest : null
  }
}

function setSpan(
  deletions: RangeDeletions,
  key: Uint8Array,
  snapshot: number,
  span: DeletionSpan,
): void {
  const { fragments } = deletions
  const index = deletions.indexOf(key, 0, key.length)
  const fragment = fragments[index]
  if (fragment !== undefined && compareBytes(fragment.from, key) <= 0) {
    span.from = fragment.from
    span.to = fragment.to
    span.seq = newestAt(fragment.seqs, snapshot)
  } else {
    span.from = fragments[index - 1]?.to ?? null
    span.to = fragment?.from ?? null
    span.seq = NOT_DELETED
  }
}
