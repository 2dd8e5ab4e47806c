/**
 * Owns the pacer `spring`, after the spring-and-gear scheduler of bLSM (Sears & Ramakrishnan,
 * SIGMOD 2012). There the memory component moves between a low and a high water mark like a
 * spring: below the low mark writers are free, and the fuller it gets, the harder they are pushed
 * back. The gears let each merge advance in step with the one above it. Here jobs run by
 * themselves, so level 0 and the debt are springs too: the tightest of the three counts.
 *
 * At half tension a write waits as long as the work that it makes takes, so writes and jobs are in
 * balance there. It paces before a limit is reached.
 */

import { tension, type WritePressure } from '../write-pressure.ts'
import {
  charge,
  type Meter,
  observeRepayment,
  type Pacer,
  type RepaymentEstimate,
  repaymentMsPerByte,
  setPrice,
  unknownRepayment,
  unusedMeter,
} from './pacer.ts'

/** The low water mark, as a share of all memtables. */
const LOW_WATER = 0.5

export interface SpringState {
  readonly meter: Meter
  readonly repayment: RepaymentEstimate
  /** Bytes in memtables, and their marks. */
  bufferedBytes: number
  lowWaterBytes: number
  highWaterBytes: number
  /** Tension of level 0 and of the debt, 0 to 1. */
  treeTension: number
}

export const springPacer: Pacer<SpringState> = {
  causeUnderLimits: 'memtables',

  start: () => ({
    meter: unusedMeter(),
    repayment: unknownRepayment(),
    bufferedBytes: 0,
    lowWaterBytes: Number.POSITIVE_INFINITY,
    highWaterBytes: Number.POSITIVE_INFINITY,
    treeTension: 0,
  }),

  observe(state, pressure) {
    const { frozenMemtables, memtablesMax, memtableRawBytes, memtableBytes } = pressure
    observeRepayment(state.repayment, pressure)
    state.bufferedBytes = frozenMemtables * memtableBytes + memtableRawBytes
    state.highWaterBytes = (memtablesMax + 1) * memtableBytes
    state.lowWaterBytes = LOW_WATER * state.highWaterBytes
    state.treeTension = pressure.jobs === 0 ? 0 : treeTension(pressure)
    reprice(state)
  },

  delayMs(state, bytes, nowMs) {
    state.repayment.bytesSince += bytes
    state.bufferedBytes += bytes
    reprice(state)
    return charge(state.meter, bytes, nowMs)
  },
}

function treeTension(pressure: WritePressure): number {
  const { level0Runs, limits, debtBytes, softDebtBytes, hardDebtBytes } = pressure
  const level0 = tension(level0Runs, limits.slowdownRuns - 1, limits.stopRuns)
  return Math.max(level0, tension(debtBytes, softDebtBytes, hardDebtBytes))
}

function reprice(state: SpringState): void {
  const { bufferedBytes, lowWaterBytes, highWaterBytes } = state
  const memory = tension(bufferedBytes, lowWaterBytes, highWaterBytes)
  const pull = Math.max(memory, state.treeTension)
  const msPerByte = repaymentMsPerByte(state.repayment)
  setPrice(state.meter, pull === 0 || msPerByte === 0 ? 0 : (msPerByte * pull) / (1 - pull))
}
