/** Owns what the simulator's job orders are in logical time: facts, work and cost. */

import type { VirtualWork } from '../../../engine/scheduling/virtual/virtual-runner.ts'
import type { SimulatedOrder, SimulatedOutcome } from '../simulated-job.ts'

/** As the engine's jobs (`job-work.ts`): a flush reads memory, and jobs read ahead. */
export const SIMULATED_WORK: VirtualWork<SimulatedOrder, SimulatedOutcome> = {
  factsOf: ({ id, cause, fromLevel, toLevel, inputBytes }) => {
    return { id, cause, fromLevel, toLevel, bytesTotal: inputBytes }
  },
  run: (order) => order.run(),
  costOf: ({ cause, inputBytes }, outcome) => ({
    readBytes: cause === 'flush' ? 0 : inputBytes,
    writtenBytes: outcomeBytes(outcome),
    operations: 0,
    files: outcome.length,
  }),
}

/** Bytes of the tables that the job has written. */
export function outcomeBytes(outcome: SimulatedOutcome): number {
  return outcome.reduce((sum, { table }) => sum + table.bytes, 0)
}
