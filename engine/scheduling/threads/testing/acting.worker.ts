/**
 * Owns the worker of `thread-executor.test.ts`. A job acts as the level of the order's first run
 * says, see `ACTS`, so that a test can fail, kill and hold jobs.
 */

import { workerData } from 'node:worker_threads'
import { corruption, LsmError } from '../../../base/errors.ts'
import type { JobRoom } from '../../run-job.ts'
import { serveJobs, type ThreadStart } from '../serve-jobs.ts'
import { ACTS } from './acts.ts'

function perform(level: number, pause: () => void): never {
  const act = ACTS[level]
  if (act === 'fail') throw failure()
  // Without its listeners the thread ends without a word, as at the limit of its heap.
  if (act === 'vanish') process.removeAllListeners('exit')
  if (act === 'step') {
    for (let file = 0; file < 4; file++) pause()
    throw new Error('four files are done')
  }
  if (act !== 'hold') process.exit(7)
  for (;;) pause()
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

serveJobs(workerData as ThreadStart, (pause) => {
  const room: JobRoom = {
    createTable: unused,
    openRun: (level) => () => perform(level, pause),
    removeTable() {},
    relocation: unused,
  }
  return { room, close() {} }
})
