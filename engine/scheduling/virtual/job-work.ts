/** Owns what the engine's job orders are in logical time: their facts, their work, their cost. */

import { bytesOf, bytesRead, jobFacts } from '../job-facts.ts'
import type { JobOrder, JobOutcome } from '../job-order.ts'
import { type JobRoom, runJob } from '../run-job.ts'
import type { DeviceWork } from './device-model.ts'
import type { VirtualWork } from './virtual-runner.ts'

/** The work of a database whose jobs run in `room`. */
export function jobWork(room: JobRoom): VirtualWork<JobOrder, JobOutcome> {
  return { factsOf: jobFacts, run: (order) => runJob(order, room), costOf }
}

/**
 * Moved values are read and written besides the tables. Jobs read ahead, so they wait for no single
 * answer.
 */
function costOf(order: JobOrder, { written, sealed, movedBytes }: JobOutcome): DeviceWork {
  return {
    readBytes: bytesRead(order) + movedBytes,
    writtenBytes: bytesOf(written.map(({ table }) => table)) + movedBytes,
    operations: 0,
    files: written.length + sealed.length,
  }
}
