/**
 * Owns cleaning by discard statistics: while the log is larger than it may be, the segment with the
 * largest known share of garbage is cleaned, as BadgerDB does (`value.go`, `discard.go`); of equals
 * the oldest. A segment without known garbage is not cleaned, which would only copy it. Garbage
 * becomes known in merges, so the figures are stale if the log is rewritten faster than the tree.
 */

import type { ValueLogPolicy } from '../../engine/compaction/value-log-policy.ts'
import { collect, garbageShare, type LogSpaceParameters, logSpace } from './log-space.ts'

export function mostGarbage(parameters: LogSpaceParameters): ValueLogPolicy {
  return {
    name: 'most-garbage',
    pick(view) {
      const space = logSpace(view, parameters)
      if (space.logBytes <= space.capacityBytes) return null
      const worst = view.segments.reduce(
        (most, segment) =>
          most === null || garbageShare(segment) > garbageShare(most) ? segment : most,
        view.segments[0] ?? null,
      )
      return worst === null || garbageShare(worst) === 0 ? null : collect(worst, space)
    },
    relocateBelow: () => 0,
  }
}
