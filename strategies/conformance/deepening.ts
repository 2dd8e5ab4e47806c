/**
 * Owns a strategy that leaves a tree of many levels after few flushes, for the checked one to take
 * over.
 */

import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { levelAt, type Version } from '../../engine/version/version.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'
import { leveling } from '../whole-levels/leveling.ts'

/** The deepest level, where runs are merged. */
const DEEPEST = 14

/** At each flush every run goes one level down, so that the tree has a level for each flush. */
export function deepening(): CompactionStrategy {
  return {
    ...leveling.create(),
    name: 'deepening',
    pick: ({ version, memtableBytes, state }) => {
      const due = dueIn(version)
      if (due === null) return null
      const { level, inputs, place } = due
      return {
        kind: 'merge',
        inputs,
        outputs: [outputTo(place, memtableBytes, 10)],
        nextState: state,
        reason: { trigger: 'sorted runs', formula: 'runs > 1', values: { level } },
      }
    },
  }
}

function dueIn(version: Version) {
  const level = version.levels.findLastIndex(({ runs }) => runs.length > 1)
  if (level === -1) return null
  const { runs } = levelAt(version, level)
  const oldest = runs.at(-1)!
  if (level === DEEPEST) {
    return { level, inputs: wholeRuns(level, runs), place: { level, run: oldest.id } }
  }
  return { level, inputs: wholeRuns(level, [oldest]), place: { level: level + 1, after: null } }
}
