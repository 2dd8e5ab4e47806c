/**
 * Owns the pacer `debt`: while writes are slowed down, each write waits as long as the work that it
 * makes takes. That is its bytes × (time of jobs ÷ bytes written), as Mark Callaghan proposes in
 * RocksDB's pull request 10057. The price assumes that jobs run one after another, so with several
 * at a time the debt shrinks.
 */

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

export interface DebtState {
  readonly meter: Meter
  readonly repayment: RepaymentEstimate
}

export const debtPacer: Pacer<DebtState> = {
  causeUnderLimits: null,

  start: () => ({ meter: unusedMeter(), repayment: unknownRepayment() }),

  observe({ meter, repayment }, pressure, stall) {
    observeRepayment(repayment, pressure)
    setPrice(meter, stall === null ? 0 : repaymentMsPerByte(repayment))
  },

  delayMs({ meter, repayment }, bytes, nowMs) {
    repayment.bytesSince += bytes
    return charge(meter, bytes, nowMs)
  },
}
