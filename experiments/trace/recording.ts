/**
 * Owns the recording of a run as it happens: the plan's workload with an ear on it. What the trace
 * costs in bytes written is told, so that the account against the operating system stays whole; the
 * run's times are not those of a run that records nothing.
 */
import { recordWorkload, TraceWriter, type Workload } from '../../workloads/index.ts'
import type { Transfer } from '../base/context.ts'
import type { RunPlan } from '../base/run-plan.ts'

export class Recording implements Disposable {
  /** The plan to run instead: its stream is recorded as it is consumed. */
  readonly plan: RunPlan
  #writer: TraceWriter | null = null
  #workload: Workload | null = null

  /** The file appears at `finish`. */
  constructor(path: string, plan: RunPlan) {
    this.plan = {
      ...plan,
      createWorkload: () => {
        const workload = plan.createWorkload()
        const {
          workload: { name, params },
          records,
          operations,
        } = plan.config
        const keyNumbers = workload.keyNumbers ?? 'dense'
        const size = { records, operations }
        // A run that measures its sustainable rate first starts over: the last one is the trace.
        this.#writer?.abort()
        this.#writer = new TraceWriter(path, { workload: name, params, size, keyNumbers })
        this.#workload = workload
        return recordWorkload(workload, this.#writer)
      },
    }
  }

  /** What went to the trace's file so far. */
  get written(): Transfer {
    return this.#writer?.written ?? { bytes: 0, calls: 0 }
  }

  /** After the run: completes the trace. */
  finish(): void {
    this.#writer?.finish(this.#workload?.properties)
  }

  /** A run that did not end leaves no trace. */
  [Symbol.dispose](): void {
    this.#writer?.abort()
  }
}
