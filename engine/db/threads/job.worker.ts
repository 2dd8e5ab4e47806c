/** Owns the module that worker threads run: each job gets a room over the database's files. */

import { workerData } from 'node:worker_threads'
import { serveJobs, type ThreadStart } from '../../scheduling/threads/serve-jobs.ts'
import { roomsOver, type SharedRoom } from './shared-room.ts'

const start = workerData as ThreadStart
serveJobs(start, roomsOver(start.room as SharedRoom))
