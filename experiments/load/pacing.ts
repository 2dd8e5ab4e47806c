/**
 * Owns the intended start of each operation: the moment at which its client would start it if
 * nothing delayed it. In an open loop the schedule gives this time. In a closed loop of several
 * clients it is the moment the same client's previous operation completed. Clients take turns,
 * since the target serves one operation at a time, in the order of the stream. So the operations
 * and their order are the same under every load.
 */
import type { Operation } from '../../workloads/index.ts'
import type { Arrivals } from './arrivals.ts'
import { systemWaiting, type Waiting } from './waiting.ts'

export interface Pacing {
  readonly waiting: Waiting
  /** Whether intended starts follow a schedule. */
  readonly open: boolean
  /** The phase begins. All times are readings of one clock. */
  begin(nowNs: number): void
  /** Called once for each operation, in order. */
  intendedNs(operation: Operation): number
  completed(nowNs: number): void
}

export function openLoop(arrivals: Arrivals, waiting: Waiting = systemWaiting): Pacing {
  let startNs = 0
  return {
    waiting,
    open: true,
    begin(nowNs) {
      startNs = nowNs
    },
    intendedNs: (operation) => startNs + arrivals.nextNs(operation),
    completed() {},
  }
}

export function closedLoop(clients: number, waiting: Waiting = systemWaiting): Pacing {
  const completions = new Float64Array(clients)
  let turn = 0
  return {
    waiting,
    open: false,
    begin(nowNs) {
      completions.fill(nowNs)
    },
    intendedNs: () => completions[turn]!,
    completed(nowNs) {
      completions[turn] = nowNs
      turn = (turn + 1) % clients
    },
  }
}
