/** Owns a process that does runs of a sweep, one at a time: `perform-beside.ts`. */
import type { RunPlan } from '../../base/run-plan.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { hearSignals } from '../../cli/signals.ts'
import { serveOrders } from '../../machine/serve-orders.ts'
import { performPlan } from '../../run/sweep.ts'
import type { PlanOrder } from './perform-beside.ts'

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
