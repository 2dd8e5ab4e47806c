/**
 * Owns the split of the target's cumulative read counters by what a read turned out to be (hit,
 * miss, update's own read, short or long scan). Invariant: between two `take`s of one account, only
 * the reads of one operation moved the live counters.
 */
import { ReadCounters } from '../../engine/index.ts'
import type { ReadAccount } from '../../results/schema.ts'
import { readAccountOf } from './figures.ts'

export type ReadCounts = Pick<ReadAccount, 'operations' | 'bytesReturned'>

export class ReadTally {
  readonly #counters = new ReadCounters()
  #operations = 0
  #bytesReturned = 0

  /** Adds what `live` counted beyond `last`, and brings `last` up to `live`. */
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
