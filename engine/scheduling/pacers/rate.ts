/**
 * Owns the pacer `rate`: a token bucket whose rate adapts, as in RocksDB (`SetupDelay` and
 * `RecalculateWriteStallConditions` in `db/column_family.cc`, `GetDelay` in
 * `db/write_controller.cc`). The rate falls by a fifth when the debt did not shrink since the last
 * change of the tree, and rises by a quarter when it did. Near a stop it falls faster.
 */

import { type Stall, tension, type WritePressure } from '../write-pressure.ts'
import { DELAY_MS_MIN, type Pacer, WRITE_BYTES_PER_MS_MIN } from './pacer.ts'

/** The first rate and the highest one. RocksDB delayed_write_rate: 16 MiB per second. */
const BYTES_PER_MS_MAX = (16 * 1024 * 1024) / 1000
/** RocksDB's kIncSlowdownRatio, and its reciprocal kDecSlowdownRatio. */
const FALLING_BEHIND = 0.8
const CATCHING_UP = 1 / FALLING_BEHIND
/** RocksDB's kNearStopSlowdownRatio. */
const NEAR_STOP = 0.6
/** RocksDB's kDelayRecoverSlowdownRatio: the reward when a slowdown ends. */
const RECOVERED = 1.4
/** A debt beyond this share of the way from soft to hard limit is near the stop. */
const NEAR_HARD_DEBT = 0.75
const RUNS_NEAR_STOP = 2

export interface RateState {
  bytesPerMs: number
  /** Whether writes are slowed down now. */
  isDelaying: boolean
  wasStopped: boolean
  /** Debt at the last observation. */
  debtBytes: number
  /** Bytes that may be written at once. */
  creditBytes: number
  /** Credit is due again from this time on; null before the first write of a slowdown. */
  refillAtMs: number | null
}

export const ratePacer: Pacer<RateState> = {
  causeUnderLimits: null,

  start: () => ({
    bytesPerMs: BYTES_PER_MS_MAX,
    isDelaying: false,
    wasStopped: false,
    debtBytes: 0,
    creditBytes: 0,
    refillAtMs: null,
  }),

  observe(state, pressure, stall) {
    const ratio = ratioOf(state, pressure, stall)
    const rate = Math.max(state.bytesPerMs * ratio, WRITE_BYTES_PER_MS_MIN)
    state.bytesPerMs = Math.min(rate, BYTES_PER_MS_MAX)
    state.debtBytes = pressure.debtBytes
    state.wasStopped = stall?.step === 'stop'
    const isDelaying = stall?.step === 'slowdown'
    if (isDelaying && !state.isDelaying) {
      state.creditBytes = 0
      state.refillAtMs = null
    }
    state.isDelaying = isDelaying
  },

  delayMs(state, bytes, nowMs) {
    if (!state.isDelaying) return 0
    state.refillAtMs ??= nowMs
    if (state.creditBytes < bytes && state.refillAtMs <= nowMs) {
      const elapsedMs = nowMs - state.refillAtMs + DELAY_MS_MIN
      state.creditBytes += elapsedMs * state.bytesPerMs
      state.refillAtMs = nowMs + DELAY_MS_MIN
    }
    if (state.creditBytes >= bytes) {
      state.creditBytes -= bytes
      return 0
    }
    state.refillAtMs += (bytes - state.creditBytes) / state.bytesPerMs
    state.creditBytes = 0
    return Math.max(state.refillAtMs - nowMs, DELAY_MS_MIN)
  },
}

/** By what the rate is multiplied. */
function ratioOf(state: RateState, pressure: WritePressure, stall: Stall | null): number {
  if (stall === null) return state.isDelaying ? RECOVERED : 1
  if (stall.step === 'stop') return 1
  // RocksDB's comment asks for this after a stop too; its code has lost the delay by then.
  if (state.wasStopped || (state.isDelaying && isNearStop(pressure, stall))) return NEAR_STOP
  if (!state.isDelaying || state.debtBytes === 0) return 1
  return state.debtBytes <= pressure.debtBytes ? FALLING_BEHIND : CATCHING_UP
}

function isNearStop(pressure: WritePressure, { cause }: Stall): boolean {
  const { level0Runs, limits, debtBytes, softDebtBytes, hardDebtBytes } = pressure
  if (cause === 'level0') return level0Runs >= limits.stopRuns - RUNS_NEAR_STOP
  return cause === 'debt' && tension(debtBytes, softDebtBytes, hardDebtBytes) > NEAR_HARD_DEBT
}
