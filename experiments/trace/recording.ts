/**
 * Owns the recording of a run: the plan's workload, recorded while it is consumed. The bytes
 * written to the trace are reported, so that the account against the operating system stays
 * complete. The times of a recorded run cannot be compared with those of a run without recording.
 */
import { recordWorkload, TraceWriter, type Workload } from '../../workloads/index.ts'
import type { Transfer } from '../base/context.ts'
import type { RunPlan } from '../base/run-plan.ts'

export class Recording implements Disposable {
  /** The plan to run instead; its stream is recorded while it is consumed. */
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
        // A run that measures its sustainable rate first starts over: the trace holds the last
        // start only.
        this.#writer?.abort()
        this.#writer = new TraceWriter(path, { workload: name, params, size, keyNumbers })
        this.#workload = workload
        return recordWorkload(workload, this.#writer)
      },
    }
  }

  /** Bytes and calls written to the trace's file so far. */
  get written(): Transfer {
    return this.#writer?.written ?? { bytes: 0, calls: 0 }
  }

  /** After the run: completes the trace. */
  finish(): void {
    this.#writer?.finish(this.#workload?.properties)
  }

  /** An unfinished run leaves no trace. */
  [Symbol.dispose](): void {
    this.#writer?.abort()
  }
}
