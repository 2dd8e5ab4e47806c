/** Owns a process that does runs of a sweep, one at a time: `perform-beside.ts`. */
import { enableCompileCache } from 'node:module'
import type { RunPlan } from '../../base/run-plan.ts'
import type { PlanOrder } from './perform-beside.ts'

enableCompileCache()
const { hearSignals } = await import('../../cli/signals.ts')
const { resolvePlans } = await import('../../cli/resolve.ts')
const { serveOrders } = await import('../../machine/serve-orders.ts')
const { performPlan } = await import('../../run/sweep.ts')

/** Every order of a process has the same request. */
let plans: readonly RunPlan[] | null = null

serveOrders<PlanOrder>(hearSignals(), async ({ request, index, runsAtOnce, code }, context) => {
  const { signal, onProgress, written } = context
  plans ??= await resolvePlans(request)
  // The command reads the result from its file.
  await performPlan(plans[index]!, {
    outFolder: request.out,
    versions: request.versions,
    keep: request.keep,
    code,
    runsAtOnce,
    signal,
    terminalWritten: written,
    onProgress: (what, done, total) => onProgress({ what, done, total }),
  })
})
