/** Owns workers that fail in the middle of the first table of a merge, for `threads.test.ts`. */

import { workerData } from 'node:worker_threads'
import type { NewTable } from '../../../compaction/table-outputs.ts'
import { serveJobs, type ThreadStart } from '../../../scheduling/threads/serve-jobs.ts'
import { roomsOver, type SharedRoom } from '../shared-room.ts'

/** Runs jobs as `job.worker.ts` does, but calls `fail` with each new table of a merge. */
export function serveFailing(fail: (table: NewTable) => void): void {
  const start = workerData as ThreadStart
  const openRoom = roomsOver(start.room as SharedRoom)
  serveJobs(start, (pace) => {
    const { room, close } = openRoom(pace)
    const createTable: typeof room.createTable = (cause, level, bitsPerKey) => {
      const table = room.createTable(cause, level, bitsPerKey)
      if (cause === 'compaction') fail(table)
      return table
    }
    return { room: { ...room, createTable }, close }
  })
}
