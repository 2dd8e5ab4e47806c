/**
 * Owns runs whose entries are spread evenly over one stretch of the key space and cut into tables
 * of equal size, as a merge of whole runs without keys makes them. Such a run is described by its
 * sums. So the cost of a merge grows with its inputs, not with their tables, and trees of terabytes
 * are cheap. The tables are made only when they are read.
 *
 * Invariant: the tables, once made, add up to the totals.
 */

import { type Chunk, type Run, type RunId, runOf } from '../../engine/version/run.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import type { Totals } from '../../engine/version/totals.ts'
import type { Stretch } from './density.ts'
import { dataBytesOf } from './simulated-table.ts'

/** What is known of a run as a whole: the properties that all its tables share. */
export type EvenFacts = Stretch &
  Pick<
    TableMeta,
    'seqMin' | 'seqMax' | 'createdAtMs' | 'oldestWriteAtMs' | 'oldestTombstoneAtMs' | 'smallest'
  > & { readonly firstId: TableId }

/** Stored bytes of a set of tables. */
export interface StoredBytes {
  readonly data: number
  readonly filter: number
}

export class EvenRun implements Run {
  readonly id: RunId
  readonly totals: Totals
  readonly stored: StoredBytes
  readonly facts: EvenFacts
  readonly #make: () => readonly TableMeta[]
  #opened: Run | null = null

  /** `make` returns the tables, and must return equal ones each time. */
  constructor(
    id: RunId,
    totals: Totals,
    stored: StoredBytes,
    facts: EvenFacts,
    make: () => readonly TableMeta[],
  ) {
    this.id = id
    this.totals = totals
    this.stored = stored
    this.facts = facts
    this.#make = make
  }

  get createdAtMs(): number {
    return this.facts.createdAtMs
  }

  get chunks(): readonly Chunk[] {
    return this.#open().chunks
  }

  get firstIndexes(): readonly number[] {
    return this.#open().firstIndexes
  }

  #open(): Run {
    this.#opened ??= runOf(this.id, this.#make())
    return this.#opened
  }

  /** The same tables under another run id. */
  as(id: RunId): EvenRun {
    return new EvenRun(id, this.totals, this.stored, this.facts, () =>
      this.chunks.flatMap(({ tables }) => tables),
    )
  }
}

/** What is known of the run as a whole; null if its tables may differ. */
export function evenFactsOf(run: Run): EvenFacts | null {
  if (run instanceof EvenRun) return run.facts
  if (run.totals.tables !== 1) return null
  const table = run.chunks[0]!.tables[0] as TableMeta & Stretch
  return { ...table, firstId: table.id }
}

export function storedBytesOf(tables: Iterable<TableMeta>): StoredBytes {
  let data = 0
  let filter = 0
  for (const table of tables) {
    data += dataBytesOf(table)
    filter += table.filter.bytes
  }
  return { data, filter }
}
