/**
 * Owns the figures of the value log: what a database reports of it, and the counters behind them.
 */

/** State of the value log. All zero if no value was ever separated. */
export interface ValueLogMetrics {
  /** Record bytes appended by writers. */
  readonly appendedBytes: number
  /** Record bytes that collection and merges appended again. */
  readonly movedBytes: number
  readonly segmentsCollected: number
  /** Record bytes of the segments that were collected. */
  readonly collectedBytes: number
  /** Record bytes of the values that were found live in them. */
  readonly collectedLiveBytes: number
  /** Complete segments, oldest first. */
  readonly segments: readonly SegmentFigures[]
  /** Record bytes of the segments that still hold data … */
  readonly logBytes: number
  /** … how many of them tables point to … */
  readonly liveBytes: number
  /** … and the rest, which is garbage: overwritten or deleted, as far as merges have found out. */
  readonly garbageBytes: number
  /** Record bytes in segments that the memtable points into. */
  readonly unsealedBytes: number
}

/** Bytes and records of one segment, and what tables point to of them. */
export interface SegmentFigures {
  readonly segment: number
  readonly state: 'sealed' | 'spent'
  readonly records: number
  readonly recordBytes: number
  /** 0 once it is spent: the values it held are elsewhere or overwritten. */
  readonly liveBytes: number
}

/** Counters of collection and of merges that move values. Bytes are record bytes. */
export class CollectionCounters {
  segments = 0
  bytes = 0
  liveBytes = 0
  relocatedBytes = 0
}
