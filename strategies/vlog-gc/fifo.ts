/**
 * Owns cleaning in the order of age: the oldest segment first, while the log is larger than it may
 * be, as WiscKey does (Lu et al., FAST '16, §3.3.2). With a given capacity it needs no discard
 * statistics. Under uniform updates each value is then written 1/(1 − u) times, where
 * u = exp(−(1 − u)/f) and f is the live share of the capacity.
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
