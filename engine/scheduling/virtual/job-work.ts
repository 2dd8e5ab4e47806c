/** Owns what the engine's job orders are in logical time: their facts, their work, their cost. */

import type { TableMeta } from '../../version/table-meta.ts'
import type { JobOrder, JobOutcome } from '../job-order.ts'
import { type JobRoom, runJob } from '../run-job.ts'
import type { DeviceWork } from './device-model.ts'
import type { JobFacts, VirtualWork } from './virtual-executor.ts'

/** The work of a database whose jobs run in `room`. */
export function jobWork(room: JobRoom): VirtualWork<JobOrder, JobOutcome> {
  return { factsOf, run: (order) => runJob(order, room), costOf }
}

function factsOf({ id, cause, source, destinations }: JobOrder): JobFacts {
  const toLevel = Math.max(...destinations.map(({ level }) => level))
  if ('memtable' in source) {
    return { id, cause, fromLevel: -1, toLevel, bytesTotal: source.memtable.rawBytes }
  }
  const fromLevel = Math.min(...source.runs.map(({ level }) => level))
  return { id, cause, fromLevel, toLevel, bytesTotal: inputBytes({ source }) }
}

/**
 * Moved values are read and written besides the tables. Jobs read ahead, so they wait for no single
 * answer.
 */
function costOf(order: JobOrder, { written, sealed, movedBytes }: JobOutcome): DeviceWork {
  return {
    readBytes: inputBytes(order) + movedBytes,
    writtenBytes: sumBytes(written.map(({ table }) => table)) + movedBytes,
    operations: 0,
    files: written.length + sealed.length,
  }
}

/** Bytes of the tables that the job reads; a memtable is read from memory. */
function inputBytes({ source }: Pick<JobOrder, 'source'>): number {
  if ('memtable' in source) return 0
  return source.runs.reduce((sum, { tables }) => sum + sumBytes(tables), 0)
}

function sumBytes(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0)
}
