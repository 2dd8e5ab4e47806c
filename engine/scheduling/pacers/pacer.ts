/**
 * Owns the form of a pacer: it says how long a write waits while writes are slowed down. A pacer is
 * pure; its state is plain data that it changes in place, and time is an argument.
 *
 * Invariant: no pacer lets less than 16 KiB per second in (RocksDB's `kMinWriteRate`). So writes of
 * n bytes that follow each other wait n ÷ 16 KiB seconds at most.
 */

import type { Stall, StallCause, WritePressure } from '../write-pressure.ts'

export interface Pacer<State> {
  /**
   * The cause of delays while no limit is reached. Null: the pacer delays nothing then.
   */
  readonly causeUnderLimits: StallCause | null
  start(): State
  /** The tree or the memtables changed; `stall` is what the pressure asks for now. */
  observe(state: State, pressure: WritePressure, stall: Stall | null, nowMs: number): void
  /** Milliseconds that a write of `bytes` waits; 0: it goes at once. */
  delayMs(state: State, bytes: number, nowMs: number): number
}

/** Timers are not finer than this. Shorter delays add up until they reach it. */
export const DELAY_MS_MIN = 1

export const WRITE_BYTES_PER_MS_MIN = (16 * 1024) / 1000

/** Every byte let in costs time; what a write costs is waited for before the write. */
export interface Meter {
  /** Milliseconds per byte; 0: writes cost nothing. */
  msPerByte: number
  /** All writes until now are paid for at this time. */
  paidAtMs: number
}

export const unusedMeter = (): Meter => ({ msPerByte: 0, paidAtMs: 0 })

/** Sets the price. When it becomes 0, what is still owed is forgiven. */
export function setPrice(meter: Meter, msPerByte: number): void {
  meter.msPerByte = Math.min(msPerByte, 1 / WRITE_BYTES_PER_MS_MIN)
  if (msPerByte === 0) meter.paidAtMs = 0
}

/** Charges for `bytes`; returns how long to wait until they are paid. */
export function charge(meter: Meter, bytes: number, nowMs: number): number {
  if (meter.msPerByte === 0) return 0
  meter.paidAtMs = Math.max(meter.paidAtMs, nowMs) + bytes * meter.msPerByte
  const waitMs = meter.paidAtMs - nowMs
  return waitMs < DELAY_MS_MIN ? 0 : waitMs
}

/**
 * What background work a written byte makes, in milliseconds: time of jobs ÷ bytes written. Old
 * figures fade, so that the estimate follows a tree that grows.
 */
export interface RepaymentEstimate {
  /** Bytes let in since the last observation. */
  bytesSince: number
  /** Faded sums … */
  writtenBytes: number
  workMs: number
  /** … and the total of `WritePressure.workMs` that they include. */
  workMsSeen: number
}

export const unknownRepayment = (): RepaymentEstimate => ({
  bytesSince: 0,
  writtenBytes: 0,
  workMs: 0,
  workMsSeen: 0,
})

/** Memtables' worth of writes after which sums are halved. */
const REMEMBERED_MEMTABLES = 64

export function observeRepayment(estimate: RepaymentEstimate, pressure: WritePressure): void {
  estimate.writtenBytes += estimate.bytesSince
  estimate.bytesSince = 0
  estimate.workMs += pressure.workMs - estimate.workMsSeen
  estimate.workMsSeen = pressure.workMs
  if (estimate.writtenBytes > REMEMBERED_MEMTABLES * pressure.memtableBytes) {
    estimate.writtenBytes /= 2
    estimate.workMs /= 2
  }
}

/** Milliseconds of jobs per byte written; 0 while nothing is known. */
export function repaymentMsPerByte({ writtenBytes, workMs }: RepaymentEstimate): number {
  return writtenBytes === 0 ? 0 : workMs / writtenBytes
}
