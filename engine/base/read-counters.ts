/**
 * Owns the counters behind the read amplifications. One object per account (gets, scans, …) is
 * passed down the read path and incremented in place; callers difference two readings.
 */

export class ReadCounters {
  /** Runs (and memtables apart) that had to be asked: key range matched. */
  runsProbed = 0
  memtablesProbed = 0
  /** Filters consulted, and those that said "not here". */
  filterChecks = 0
  filterNegatives = 0
  /** Filter said "maybe", the table held no version of the key. */
  filterFalsePositives = 0
  /**
   * Data, index and filter blocks taken from the block cache, and read from storage. A read of the
   * value log counts as a block: it costs what one does.
   */
  blocksFromCache = 0
  blocksFromStorage = 0
  /** Stored bytes read from storage, trailers and records' headers included. */
  bytesFromStorage = 0
  /** Reads of the value log among the blocks from storage. */
  valueReads = 0

  /** Counts one read of the value log. */
  countValue(bytes: number): void {
    this.blocksFromStorage++
    this.valueReads++
    this.bytesFromStorage += bytes
  }

  copy(): ReadCounters {
    return Object.assign(new ReadCounters(), this)
  }
}
