/** Owns the five accounts of reads, by what a read turned out to be. */
import type { Deterministic } from '../../results/schema.ts'
import { type ReadCounts, ReadTally } from './read-tally.ts'

export class ReadAccounts {
  readonly getHit = new ReadTally()
  /** Gets that found nothing. */
  readonly getMiss = new ReadTally()
  /** The reads of updates of one field. */
  readonly updateRead = new ReadTally()
  readonly shortScan = new ReadTally()
  readonly longScan = new ReadTally()

  /** Without the counters of a target. */
  counts(): Record<keyof Deterministic['readAmplification'], ReadCounts> {
    return {
      getHit: this.getHit.counts(),
      getMiss: this.getMiss.counts(),
      updateRead: this.updateRead.counts(),
      shortScan: this.shortScan.counts(),
      longScan: this.longScan.counts(),
    }
  }

  figures(): Deterministic['readAmplification'] {
    return {
      getHit: this.getHit.figures(),
      getMiss: this.getMiss.figures(),
      updateRead: this.updateRead.figures(),
      shortScan: this.shortScan.figures(),
      longScan: this.longScan.figures(),
    }
  }
}
