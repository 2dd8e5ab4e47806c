/**
 * Owns the pacer `beats`: the work that is due when a bar begins is shared evenly by the writes of
 * the bar. A bar is one memtable's worth of writes. TigerBeetle cuts compaction into equal beats of
 * a bar and does one beat with each commit (`src/lsm/README.md`); here jobs run by themselves, so
 * that each write waits as long as its part of the work takes.
 *
 * It paces from the first bar with work on, not only once a limit is reached.
 */

import type { WritePressure } from '../write-pressure.ts'
import { charge, type Meter, type Pacer, setPrice, unusedMeter } from './pacer.ts'

export interface BeatsState {
  readonly meter: Meter
  /** Bytes written in this bar. */
  barBytes: number
}

export const beatsPacer: Pacer<BeatsState> = {
  causeUnderLimits: 'debt',

  // The first bar is over before it begins: the first observation begins the next.
  start: () => ({ meter: unusedMeter(), barBytes: Number.POSITIVE_INFINITY }),

  observe(state, pressure) {
    if (state.barBytes >= pressure.memtableBytes) {
      state.barBytes = 0
      setPrice(state.meter, priceOfBar(pressure))
    } else if (dueBytes(pressure) === 0) {
      setPrice(state.meter, 0)
    }
  },

  delayMs(state, bytes, nowMs) {
    state.barBytes += bytes
    return charge(state.meter, bytes, nowMs)
  },
}

/** Flushes that are due, and merges. */
function dueBytes({ frozenMemtables, memtableBytes, debtBytes }: WritePressure): number {
  return frozenMemtables * memtableBytes + debtBytes
}

/**
 * Time of the work that is due, at the speed of all jobs together so far, per byte of the bar. The
 * time of jobs that overlap counts once.
 */
function priceOfBar(pressure: WritePressure): number {
  const { workBytes, busyMs, memtableBytes } = pressure
  if (workBytes === 0) return 0
  return (dueBytes(pressure) * busyMs) / workBytes / memtableBytes
}
