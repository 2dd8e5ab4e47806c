/**
 * Owns the common time of runs that are shown side by side. Every edit of any run is a moment, in
 * the order of user bytes put. Runs that drain reach their last byte together; from there their
 * edits take turns.
 */

import type { TimelineRun } from './timeline-run.ts'

/** Moments in order; moment 0 is before any edit. */
export interface Moments {
  readonly count: number
  readonly userBytes: Float64Array
  /** Index of the run that the moment's edit belongs to; −1 at moment 0. */
  readonly runOf: Int8Array
  /** For each run, the number of its edits that are done at each moment. */
  readonly editsDone: readonly Int32Array[]
}

export function momentsOf(runs: readonly TimelineRun[]): Moments {
  const edits = runs.flatMap(({ edits }, run) => {
    let turn = 0
    return edits.map(({ userBytes }, index) => {
      turn = index > 0 && edits[index - 1]!.userBytes === userBytes ? turn + 1 : 0
      return { userBytes, turn, run }
    })
  })
  edits.sort((a, b) => a.userBytes - b.userBytes || a.turn - b.turn || a.run - b.run)
  const count = edits.length + 1
  const userBytes = new Float64Array(count)
  const runOf = new Int8Array(count).fill(-1)
  const editsDone = runs.map(() => new Int32Array(count))
  for (const [index, edit] of edits.entries()) {
    userBytes[index + 1] = edit.userBytes
    runOf[index + 1] = edit.run
    for (const [run, done] of editsDone.entries()) {
      done[index + 1] = done[index]! + (run === edit.run ? 1 : 0)
    }
  }
  return { count, userBytes, runOf, editsDone }
}
