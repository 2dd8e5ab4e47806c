/**
 * Owns when writes are too far ahead of background work, and why. Pure.
 *
 * There are two steps, as in LevelDB and RocksDB (`column_family.cc`,
 * `GetWriteStallConditionAndCause`): writes are slowed down first, and stopped at the limit.
 */

import type { StallLimits } from '../compaction/strategy.ts'

/** What writers wait for: a flush, merges out of level 0, or merges in general. */
export const STALL_CAUSES = ['memtables', 'level0', 'debt'] as const
export type StallCause = (typeof STALL_CAUSES)[number]

/** How hard writers are held: each write is delayed, or all wait until a job is installed. */
export const STALL_STEPS = ['slowdown', 'stop'] as const
export type StallStep = (typeof STALL_STEPS)[number]

export interface Stall {
  readonly cause: StallCause
  readonly step: StallStep
}

/** What admission looks at, after a freeze, an install, or a memtable that became full. */
export interface WritePressure {
  readonly level0Runs: number
  /** The strategy's limits for `level0Runs`. */
  readonly limits: StallLimits
  /** Memtables that wait for their flush, or are being flushed. */
  readonly frozenMemtables: number
  /** At most so many memtables may be frozen. */
  readonly memtablesMax: number
  /** Raw bytes of the active memtable, and of a full one. */
  readonly memtableRawBytes: number
  readonly memtableBytes: number
  /** The strategy's estimate of bytes still to be merged. */
  readonly debtBytes: number
  /** Writes are slowed down from this debt on, and stopped from `hardDebtBytes` on. */
  readonly softDebtBytes: number
  readonly hardDebtBytes: number
  /** Jobs that run or wait to run. Without one, waiting would change nothing. */
  readonly jobs: number
  /** Bytes that flushes and merges have written since the open … */
  readonly workBytes: number
  /** … and how long they took, in milliseconds, summed over jobs. */
  readonly workMs: number
  /** Milliseconds during which at least one of them ran. */
  readonly busyMs: number
}

/** RocksDB delays writes for memtables only where more than this many may be frozen. */
const UNDELAYED_MEMTABLES_MAX = 3

/** The stall that this pressure asks for, or null. The causes are tried in RocksDB's order. */
export function stallOf(pressure: WritePressure): Stall | null {
  if (pressure.jobs === 0) return null
  const { level0Runs, limits, frozenMemtables, memtablesMax, debtBytes } = pressure
  const isFull = pressure.memtableRawBytes >= pressure.memtableBytes
  if (isFull && frozenMemtables >= memtablesMax) return { cause: 'memtables', step: 'stop' }
  if (level0Runs >= limits.stopRuns) return { cause: 'level0', step: 'stop' }
  if (debtBytes >= pressure.hardDebtBytes) return { cause: 'debt', step: 'stop' }
  if (memtablesMax > UNDELAYED_MEMTABLES_MAX && frozenMemtables >= memtablesMax - 1) {
    return { cause: 'memtables', step: 'slowdown' }
  }
  if (level0Runs >= limits.slowdownRuns) return { cause: 'level0', step: 'slowdown' }
  if (debtBytes >= pressure.softDebtBytes) return { cause: 'debt', step: 'slowdown' }
  return null
}

/**
 * How far a quantity has come from where writes slow down to where they stop: 0 at or below `from`,
 * 1 at or above `to`. Limits may be infinite.
 */
export function tension(quantity: number, from: number, to: number): number {
  if (quantity <= from) return 0
  return quantity >= to ? 1 : (quantity - from) / (to - from)
}
