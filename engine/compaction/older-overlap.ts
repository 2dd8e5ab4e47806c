/**
 * Answers the question that decides about a tombstone: may a table older than the output still hold
 * this key? Keys come in ascending order, so each older run is walked once during the merge.
 */

import { compareRanges } from '../base/compare.ts'
import { lowerBound, type Run, tableAt } from '../version/run.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'

export class OlderOverlap {
  readonly #version: Version
  readonly #position: number
  readonly #except: ReadonlySet<TableId>
  /** Created for the first tombstone, so that merges without tombstones pay nothing. */
  #walks: readonly RunWalk[] | null = null

  /**
   * Covers the runs of `version` at positions beyond `position`, without the tables in `except`.
   */
  constructor(version: Version, position: number, except: ReadonlySet<TableId>) {
    this.#version = version
    this.#position = position
    this.#except = except
  }

  /** Whether the range of any covered table holds the key. Keys must not descend between calls. */
  covers(keyBytes: Uint8Array, keyStart: number, keyLength: number): boolean {
    this.#walks ??= this.#walksOfOlder()
    for (const walk of this.#walks) {
      if (walk.covers(keyBytes, keyStart, keyLength)) return true
    }
    return false
  }

  #walksOfOlder(): readonly RunWalk[] {
    return runsNewestFirst(this.#version)
      .filter((_, index) => index > this.#position)
      .map(({ run }) => new RunWalk(run, this.#except))
  }
}

class RunWalk {
  readonly #run: Run
  readonly #except: ReadonlySet<TableId>
  #index = -1
  #table: TableMeta | null = null

  constructor(run: Run, except: ReadonlySet<TableId>) {
    this.#run = run
    this.#except = except
  }

  covers(bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#index < 0) this.#enter(lowerBound(this.#run, bytes.subarray(start, start + length)))
    while (this.#table !== null && compareTo(this.#table.largest, bytes, start, length) < 0) {
      this.#enter(this.#index + 1)
    }
    const table = this.#table
    return (
      table !== null &&
      compareTo(table.smallest, bytes, start, length) <= 0 &&
      !this.#except.has(table.id)
    )
  }

  #enter(index: number): void {
    this.#index = index
    this.#table = index < this.#run.totals.tables ? tableAt(this.#run, index) : null
  }
}

function compareTo(key: Uint8Array, bytes: Uint8Array, start: number, length: number): number {
  return compareRanges(key, 0, key.length, bytes, start, length)
}
