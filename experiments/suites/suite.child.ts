/** Owns a process that does runs of a suite, one at a time: `counted-suite.ts`. */
import { hearSignals } from '../cli/signals.ts'
import { serveOrders } from '../machine/serve-orders.ts'
import { SUITES } from './catalog.ts'
import type { SuiteOrder } from './counted-suite.ts'

serveOrders<SuiteOrder>(hearSignals(), (order, context) => {
  const { suite, index, scale, seed, outFolder } = order
  const { signal, onProgress } = context
  return SUITES.get(suite)!.counted!.perform(index, {
    scale,
    seed,
    outFolder,
    signal,
    onShare: (share) => onProgress({ what: '', done: share, total: 1 }),
  })
})
