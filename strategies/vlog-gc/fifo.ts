/**
 * Cleans the log at its tail, oldest segment first, whenever it is larger than it may be: WiscKey's
 * collection (Lu et al., FAST '16, §3.3.2). It asks nothing of discard statistics where a capacity is
 * given. Under uniform updates each value is then written 1/(1 − u) times, u = exp(−(1 − u)/f), f the
 * live share of the capacity.
 */

import type { ValueLogPolicy } from '../../engine/compaction/value-log-policy.ts'
import { collect, type LogSpaceParameters, logSpace } from './log-space.ts'

export function fifo(parameters: LogSpaceParameters): ValueLogPolicy {
  return {
    name: 'fifo',
    pick(view) {
      const oldest = view.segments[0]
      const space = logSpace(view, parameters)
      if (oldest === undefined || space.logBytes <= space.capacityBytes) return null
      return collect(oldest, space)
    },
    relocateBelow: () => 0,
  }
}
