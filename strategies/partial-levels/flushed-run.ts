/**
 * Owns the place of a flushed run. LevelDB writes a memtable that overlaps nothing into a deeper
 * level than 0. Our engine flushes to level 0, so the run is moved there, which costs no bytes: it
 * goes down while it overlaps neither the rest of level 0 nor the next level, and no more of the
 * level after that than a table may that is moved.
 *
 * LevelDB decides once, at the flush. Here the newest run of level 0 is looked at whenever the
 * strategy is asked, so it also goes down if a compaction has just made way for it.
 *
 * Source: LevelDB `Version::PickLevelForMemTableOutput`.
 */

import { overlaps } from '../../engine/version/key-range.ts'
import { type Run, rangeOf } from '../../engine/version/run.ts'
import { rawBytesOfTables } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { busyOf, ifFree } from '../primitives/busy.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { wholeRuns } from '../primitives/specs.ts'
import { overlapWith } from './descent.ts'
import type { PartialShape, PartialSpec as Spec, PartialView as View } from './shape.ts'

/** A move of the newest run of level 0, if it can go down and no job works on its keys there. */
export function pickFlushedRun(view: View, shape: PartialShape): Spec | null {
  const { runs } = levelAt(view.version, 0)
  const [newest] = runs
  if (newest === undefined) return null
  const level = levelFor(view, shape, newest)
  if (level === 0) return null
  const [run] = levelAt(view.version, level).runs
  return ifFree(view, {
    kind: 'move',
    inputs: wholeRuns(0, [newest]),
    place: run === undefined ? { level, after: null } : { level, run: run.id },
    nextState: view.state,
    reason: {
      trigger: 'sorted runs',
      formula: 'a flushed run overlaps nothing as far as `level`',
      values: { level },
    },
  })
}

function levelFor(view: View, shape: PartialShape, newest: Run): number {
  const { flushLevelMax, moveTablesMax } = shape.rules
  const range = rangeOf(newest)!
  const older = levelAt(view.version, 0).runs.slice(1)
  if (older.some((run) => overlaps(rangeOf(run)!, range))) return 0
  const mostBytes = moveTablesMax * tableBytes(view, shape)
  const busy = busyOf(view)
  let level = 0
  while (level < flushLevelMax) {
    const isReserved = busy.rangesIn(0, level + 1).some((reserved) => overlaps(reserved, range))
    if (isReserved || busy.writesTo(level + 1)) break
    if (overlapWith(view, level + 1, range).length > 0) break
    if (rawBytesOfTables(overlapWith(view, level + 2, range)) > mostBytes) break
    level++
  }
  return level
}
