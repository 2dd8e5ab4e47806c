/**
 * Owns the intended start of each operation: the moment its client would have started it had nothing
 * been in its way. In an open loop a schedule says so. In a closed loop of several clients it is the
 * completion of the same client's operation before: clients take turns, since the target serves one
 * operation at a time in the order of intended starts, which is the order of the stream. Hence the
 * operations and their order are the same under every load.
 */
import type { Operation } from '../../workloads/index.ts'
import type { Arrivals } from './arrivals.ts'
import { systemWaiting, type Waiting } from './waiting.ts'

export interface Pacing {
  readonly waiting: Waiting
  /** Whether intended starts follow a schedule. */
  readonly open: boolean
  /** The phase begins; readings of the same clock as all others. */
  begin(nowNs: number): void
  /** Once an operation, in order. */
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
