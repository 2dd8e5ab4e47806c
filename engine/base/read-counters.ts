/**
 * Owns the counters from which the read amplifications are computed. One object per account (gets,
 * scans and so on) goes down the read path and is incremented in place. Callers subtract two
 * readings.
 */

/** What reads have touched since the counters were made. Fields only grow. */
export class ReadCounters {
  /**
   * Runs that had to be searched because their key range covers the key. Memtables are counted
   * separately.
   */
  runsProbed = 0
  memtablesProbed = 0
  /** Filters checked, and filters that answered "not here". */
  filterChecks = 0
  filterNegatives = 0
  /** The filter answered "maybe", but the table held no version of the key. */
  filterFalsePositives = 0
  /**
   * Data, index and filter blocks from the block cache, and from storage. A read of the value log
   * counts as a block, because it costs as much.
   */
  blocksFromCache = 0
  blocksFromStorage = 0
  /** Stored bytes read from storage, including block trailers and record headers. */
  bytesFromStorage = 0
  /** How many of `blocksFromStorage` were reads of the value log. */
  valueReads = 0

  /** Counts one read of the value log. */
  countValue(bytes: number): void {
    this.blocksFromStorage++
    this.valueReads++
    this.bytesFromStorage += bytes
  }

  /** An owned copy of the present numbers. */
  copy(): ReadCounters {
    return Object.assign(new ReadCounters(), this)
  }
}
