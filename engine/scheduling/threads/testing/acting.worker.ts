/**
 * Owns the worker of `thread-executor.test.ts`. A job acts as the order's first level says, see
 * `ACTS`, so that a test can fail, kill and hold jobs.
 */

import { workerData } from 'node:worker_threads'
import { corruption, LsmError } from '../../../base/errors.ts'
import type { OpenRoom } from '../serve-jobs.ts'
import { serveJobs, type ThreadStart } from '../serve-jobs.ts'
import { ACTS } from './acts.ts'

function act(level: number, pause: () => void): never {
  switch (ACTS[level]) {
    case 'fail': {
      const cause = Object.assign(new Error('EIO: bad disk'), { errno: -5, code: 'EIO' })
      const middle = new LsmError('LSM_IO', 'read of t.sst failed', {
        cause,
        data: { errno: 'EIO' },
      })
      const { code, message, data } = corruption('bad block', { path: 't.sst', offset: 12 })
      throw new LsmError(code, message, { data, cause: middle })
    }
    case 'exit':
      process.exit(7)
    // biome-ignore lint/suspicious/noFallthroughSwitchClause: `exit` does not return
    case 'vanish':
      process.removeAllListeners('exit')
      process.exit(7)
    // biome-ignore lint/suspicious/noFallthroughSwitchClause: `exit` does not return
    case 'step':
      for (let file = 0; file < 4; file++) pause()
      throw new Error('four files are done')
    default:
      for (;;) pause()
  }
}

serveJobs(
  workerData as ThreadStart,
  (pause): OpenRoom => ({
    room: {
      createTable: () => {
        throw new Error('no job here has entries')
      },
      openRun: (level) => () => act(level, pause),
      removeTable: () => {},
      relocation: () => {
        throw new Error('no job here moves values')
      },
    },
    close: () => {},
  }),
)
