/**
 * Owns the worker of `thread-executor.test.ts`. A job acts as the level of the order's first run
 * says, see `ACTS`, so that a test can fail, kill and hold jobs.
 */

import { workerData } from 'node:worker_threads'
import { corruption, LsmError } from '../../../base/errors.ts'
import type { JobRoom } from '../../run-job.ts'
import type { JobPace } from '../job-pace.ts'
import { serveJobs, type ThreadStart } from '../serve-jobs.ts'
import { ACTS } from './acts.ts'

const start = workerData as ThreadStart
/**
 * The first cell counts how often a held job found that it may go on. With four cells, the third
 * counts threads, and calls wait until the fourth is set.
 */
const beats = start.room as Int32Array<SharedArrayBuffer> | null
if (beats !== null && beats.length === 4) Atomics.add(beats, 2, 1)

function perform(level: number, pace: JobPace): never {
  const act = ACTS[level]
  pace.pause()
  if (act === 'fail') throw failure()
  // Without its listeners the thread ends without a word, as at the limit of its heap.
  if (act === 'vanish') process.removeAllListeners('exit')
  if (act !== 'hold') process.exit(7)
  try {
    for (;;) {
      if (beats !== null) Atomics.add(beats, 0, 1)
      pace.pause()
    }
  } catch (error) {
    // Given up: a job needs a while to remove its files.
    if (beats !== null) {
      Atomics.wait(beats, 1, 0, 100)
      Atomics.add(beats, 0, 1)
    }
    throw error
  }
}

function failure(): LsmError {
  const system = Object.assign(new Error('EIO: bad disk'), { errno: -5, code: 'EIO' })
  const data = { errno: 'EIO' }
  const middle = new LsmError('LSM_IO', 'read of t.sst failed', { cause: system, data })
  const outer = corruption('bad block', { path: 't.sst', offset: 12 })
  return new LsmError(outer.code, outer.message, { data: outer.data, cause: middle })
}

function unused(): never {
  throw new Error('no job of this test has entries')
}

serveJobs(start, (pace) => {
  const room: JobRoom = {
    createTable: unused,
    openRun: (level) => () => perform(level, pace),
    rangeDeletions: () => null,
    removeTable() {},
    relocation: unused,
    syncFolder() {},
    ended() {},
    makeCall: () => {
      if (beats !== null) Atomics.wait(beats, 3, 0)
    },
  }
  return { room, close() {} }
})
