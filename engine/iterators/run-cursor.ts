/**
 * Owns the cursor over one run. A run's tables are disjoint and sorted, so the cursor walks them
 * one after another and opens each only when it reaches it (LevelDB's `TwoLevelIterator`).
 * Invariant: it holds at most one table cursor, and while valid it shows that cursor's entry. A
 * move that throws leaves it invalid. The creator of the cursor keeps the tables readable with a
 * pin.
 */

import { assert } from '../base/assert.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { lowerBound, type Run, tableAt } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { showEntry } from './show-entry.ts'

export class RunCursor extends CursorFields implements InternalCursor {
  readonly #run: Run
  readonly #openTable: (table: TableMeta) => InternalCursor
  /** Index of the open table in the run; −1 before the first is opened. */
  #index = -1
  #table: InternalCursor | null = null

  constructor(run: Run, openTable: (table: TableMeta) => InternalCursor) {
    super()
    this.#run = run
    this.#openTable = openTable
  }

  seekToFirst(): void {
    this.valid = false
    const table = this.#open(0)
    table?.seekToFirst()
    this.#settleForward(table)
  }

  seekToLast(): void {
    this.valid = false
    const table = this.#open(this.#run.totals.tables - 1)
    table?.seekToLast()
    this.#settleBackward(table)
  }

  seek(userKey: Uint8Array, seq: number): void {
    this.valid = false
    const table = this.#open(lowerBound(this.#run, userKey))
    table?.seek(userKey, seq)
    this.#settleForward(table)
  }

  next(): void {
    assert(this.valid, 'next needs a valid cursor')
    this.valid = false
    this.#table!.next()
    this.#settleForward(this.#table)
  }

  prev(): void {
    assert(this.valid, 'prev needs a valid cursor')
    this.valid = false
    this.#table!.prev()
    this.#settleBackward(this.#table)
  }

  /**
   * The cursor of the table at `index`, reused if that table is already open; null outside the run.
   */
  #open(index: number): InternalCursor | null {
    if (index < 0 || index >= this.#run.totals.tables) return null
    if (index !== this.#index || this.#table === null) {
      this.#table = this.#openTable(tableAt(this.#run, index))
      this.#index = index
    }
    return this.#table
  }

  /** Shows `table`'s entry, or the first entry of a later table. */
  #settleForward(table: InternalCursor | null): void {
    while (table !== null && !table.valid) {
      table = this.#open(this.#index + 1)
      table?.seekToFirst()
    }
    this.#show(table)
  }

  #settleBackward(table: InternalCursor | null): void {
    while (table !== null && !table.valid) {
      table = this.#open(this.#index - 1)
      table?.seekToLast()
    }
    this.#show(table)
  }

  #show(table: InternalCursor | null): void {
    this.valid = table !== null
    if (table !== null) showEntry(this, table)
  }
}
