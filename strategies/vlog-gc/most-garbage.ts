/**
 * Cleans the segment with the largest share of known garbage whenever the log is larger than it may be:
 * discard statistics, as BadgerDB keeps them (`value.go`, `discard.go`). A segment without known
 * garbage is left alone: cleaning it would only copy it. Among equals the oldest goes. It is as good as
 * what merges have found out: where a log turns over faster than its tree, it cleans by stale figures.
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
