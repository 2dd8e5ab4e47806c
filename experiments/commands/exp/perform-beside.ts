/**
 * Owns the runs of one sweep that are done at once, each in another process (`plan.child.ts`). A
 * process gets the request and makes the plans of it itself, because plans have code.
 */
import type { Code } from '../../base/context.ts'
import { modulePath } from '../../base/module-path.ts'
import type { Request } from '../../cli/request.ts'
import { Crew } from '../../machine/crew.ts'
import { describeCode } from '../../machine/environment.ts'
import type { PerformBeside } from '../../run/sweep.ts'

/** What another process is asked to do: one plan of the request. */
export interface PlanOrder {
  readonly request: Request
  readonly index: number
  readonly runsAtOnce: number
  readonly code: Code
}

export function performBeside(request: Request, jobs: number, signal: AbortSignal): PerformBeside {
  const code = describeCode()
  return async (indices, listener) => {
    const crew = new Crew(modulePath(import.meta, 'plan.child'), jobs)
    const orders = indices.map((index): PlanOrder => ({ request, index, runsAtOnce: jobs, code }))
    try {
      await crew.performAll(orders, signal, listener)
    } finally {
      await crew.close()
    }
  }
}
