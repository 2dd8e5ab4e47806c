/** Owns a process of a crew for tests. Orders meet through files, so no test depends on time. */
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LsmError } from '../../../engine/base/errors.ts'
import { Interrupted } from '../../base/interrupted.ts'
import { UsageError } from '../../base/usage-error.ts'
import { serveOrders } from '../serve-orders.ts'

export interface TestOrder {
  /** Made first. */
  readonly file?: string
  /** Waits for this file, which another order makes. */
  readonly until?: string
  readonly error?: 'usage' | 'disk full' | 'damage' | 'lost'
  readonly answer?: unknown
}

serveOrders<TestOrder>(new AbortController().signal, async (order, { signal, onProgress }) => {
  const { file, until, error, answer } = order
  onProgress({ what: 'began', done: 0, total: 1 })
  if (file !== undefined) writeFileSync(file, String(process.pid))
  while (until !== undefined && !existsSync(until)) {
    if (signal.aborted) throw new Interrupted('interrupted')
    await sleep(5)
  }
  if (error === 'usage') throw new UsageError('--T: too large\nand more')
  if (error === 'disk full') {
    const cause = Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' })
    throw new LsmError('LSM_IO', 'x.sst: cannot be written', { cause })
  }
  if (error === 'damage') throw new LsmError('LSM_CORRUPTION', 'x.sst: damaged', { data: {} })
  if (error === 'lost') process.kill(process.pid, 'SIGKILL')
  return answer
})
