/** Owns what a scheduling policy is shown of an order. Pure. */

import type { TableMeta } from '../version/table-meta.ts'
import type { JobOrder } from './job-order.ts'
import type { ScheduledJob } from './policy.ts'

/** What a policy is shown of an order, besides its times and its progress. */
export type JobFacts = Pick<ScheduledJob, 'id' | 'cause' | 'fromLevel' | 'toLevel' | 'bytesTotal'>

export function jobFacts(order: JobOrder): JobFacts {
  const { id, cause, source, destinations } = order
  const toLevel = Math.max(...destinations.map(({ level }) => level))
  if ('memtable' in source) {
    return { id, cause, fromLevel: -1, toLevel, bytesTotal: source.memtable.rawBytes }
  }
  const fromLevel = Math.min(...source.runs.map(({ level }) => level))
  return { id, cause, fromLevel, toLevel, bytesTotal: bytesRead(order) }
}

/** Bytes of the tables that the job reads; a memtable is read from memory. */
export function bytesRead({ source }: JobOrder): number {
  if ('memtable' in source) return 0
  return source.runs.reduce((sum, { tables }) => sum + bytesOf(tables), 0)
}

/** Σ bytes of the tables' files. */
export function bytesOf(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0)
}
