/**
 * Owns the account of reads by outcome: hit, miss, an update's own read, short or long scan. It
 * splits the target's cumulative counters. Invariant: between two calls of `take`, the reads of
 * exactly one operation changed the live counters.
 */
import { ReadCounters } from '../../engine/base/read-counters.ts'
import type { ReadAccount } from '../../results/schema.ts'
import { readAccountOf } from './figures.ts'

export type ReadCounts = Pick<ReadAccount, 'operations' | 'bytesReturned'>

export class ReadTally {
  readonly #counters = new ReadCounters()
  #operations = 0
  #bytesReturned = 0

  /** Adds the difference between `live` and `last`, then copies `live` to `last`. */
  take(live: ReadCounters, last: ReadCounters, bytesReturned: number): void {
    const sum = this.#counters
    this.#operations++
    this.#bytesReturned += bytesReturned
    sum.runsProbed += live.runsProbed - last.runsProbed
    sum.memtablesProbed += live.memtablesProbed - last.memtablesProbed
    sum.filterChecks += live.filterChecks - last.filterChecks
    sum.filterNegatives += live.filterNegatives - last.filterNegatives
    sum.filterFalsePositives += live.filterFalsePositives - last.filterFalsePositives
    sum.blocksFromCache += live.blocksFromCache - last.blocksFromCache
    sum.blocksFromStorage += live.blocksFromStorage - last.blocksFromStorage
    sum.bytesFromStorage += live.bytesFromStorage - last.bytesFromStorage
    last.runsProbed = live.runsProbed
    last.memtablesProbed = live.memtablesProbed
    last.filterChecks = live.filterChecks
    last.filterNegatives = live.filterNegatives
    last.filterFalsePositives = live.filterFalsePositives
    last.blocksFromCache = live.blocksFromCache
    last.blocksFromStorage = live.blocksFromStorage
    last.bytesFromStorage = live.bytesFromStorage
  }

  counts(): ReadCounts {
    return { operations: this.#operations, bytesReturned: this.#bytesReturned }
  }

  figures(): ReadAccount {
    return readAccountOf(this.#operations, this.#counters, this.#bytesReturned)
  }
}
