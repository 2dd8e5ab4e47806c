/**
 * Owns what the loop of a run needs of a driver, which takes operations from a stream and applies
 * them: one after another (`operation-driver.ts`), or several at once (`clients-driver.ts`).
 */
import type { OperationStream } from '../../workloads/index.ts'
import type { Answer } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import type { LiveOracle } from '../measure/live-sizes.ts'
import type { Overhead } from '../measure/overhead.ts'
import type { ReadAccounts } from '../measure/read-accounts.ts'
import type { TraceHash } from '../measure/trace-hash.ts'
import type { OperationTimes } from './operation-times.ts'

/** At least as long as any key in a trace of RocksDB or LevelDB. */
export const KEY_BYTES_MAX = 65_535

/** `early`: the next operation is due only at `dueNs`. */
export type Stepped = 'sliced' | 'ended' | 'early'

export interface Driver {
  readonly traceHash: TraceHash
  /** By operation kind, since `beginPhase`. */
  readonly counts: Float64Array
  /** Operations since the load began. */
  readonly done: number
  /** When the next operation is due; set with `early`. */
  readonly dueNs: number
  readonly liveSizes: LiveOracle
  readonly reads: ReadAccounts
  beginPhase(): void
  /**
   * Starts the clients, pacing and the measurement of overhead for all following phases. Without a
   * pacing, each operation is due when the one before is done.
   */
  beginRun(pacing: Pacing | null): Answer<void>
  /** The last operation is done: the clients end. */
  endRun?(): Promise<void>
  /** Overhead of the harness per operation of the run; null before the first operation. */
  overhead(): ReturnType<Overhead['figures']>
  /** Completes up to `limit` operations. Returns a promise only if the target answered with one. */
  step(stream: OperationStream, limit: number, times: OperationTimes | null): Answer<Stepped>
}
