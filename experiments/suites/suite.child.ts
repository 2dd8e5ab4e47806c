/** Owns a process that does runs of a suite, one at a time: `counted-suite.ts`. */
import { enableCompileCache } from 'node:module'
import type { SuiteOrder } from './counted-suite.ts'

enableCompileCache()
const { hearSignals } = await import('../cli/signals.ts')
const { serveOrders } = await import('../machine/serve-orders.ts')
const { SUITES } = await import('./catalog.ts')

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
